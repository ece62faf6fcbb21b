using System.Diagnostics.Metrics;
using Granary.Gateway.Audit;
using Granary.Gateway.Redis;
using Granary.Gateway.Sharing;
using Granary.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Granary.Redis.Tests.Support;

/// <summary>What a gateway shares with others over Redis, without the gateway.</summary>
internal sealed class SharingGateway : IAsyncDisposable
{
    private readonly RedisConnections _connections = new(TimeProvider.System, NullLoggerFactory.Instance);
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    private SharingGateway(string connectionString, string service, int auditEntries)
    {
        var redis = RedisConfiguration.Parse(connectionString);
        Store = new GatewayStore(_connections.Get(RedisUse.Gateway, redis, null, () => RedisConfiguration.ConnectAsync(redis), "the test"), $"granary:{service}:");
        var options = Options.Create(new Granary.Gateway.GatewayOptions { Audit = { Entries = auditEntries } });
        Audit = new RedisAuditStore(Store, options);
        Shared = new RedisTables(Store, TimeProvider.System, _services.GetRequiredService<IMeterFactory>(), NullLogger<RedisTables>.Instance);
    }

    public GatewayStore Store { get; }

    public IAuditStore Audit { get; }

    public RedisTables Shared { get; }

    public ISharedTable Table(int capacity = 100) => Shared.Get("blocks", capacity);

    public static async Task<SharingGateway> StartAsync(string connectionString, string service, int auditEntries = 10_000)
    {
        var gateway = new SharingGateway(connectionString, service, auditEntries);
        await gateway.Shared.StartAsync(default);
        return gateway;
    }

    public async ValueTask DisposeAsync()
    {
        await Shared.StopAsync(default);
        Shared.Dispose();
        await _connections.DisposeAsync();
        await _services.DisposeAsync();
    }
}
