using System.Diagnostics.Metrics;
using Granary.Gateway;
using Granary.Gateway.Admission;
using Granary.Gateway.Redis;
using Granary.Gateway.Redis.Limits;
using Granary.Hosting;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Granary.Redis.Tests.Support;

/// <summary>The rate limits of one gateway on Redis, without the gateway. Its policy is called <c>few</c>, by caller.</summary>
internal sealed class LimitingGateway : IAsyncDisposable
{
    private readonly RedisConnections _connections = new(TimeProvider.System, NullLoggerFactory.Instance);
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly RateLimiter _limiter;

    /// <param name="connectionString">The server.</param>
    /// <param name="service">Gateways of one service share.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="patience">How long to wait for Redis: long, where a slow machine must not be taken for a slow server.</param>
    internal LimitingGateway(string connectionString, string service, RateLimitPolicy policy, TimeSpan? patience = null)
    {
        var configuration = RedisConfiguration.Parse(connectionString);
        Store = new GatewayStore(_connections.Get(RedisUse.Gateway, configuration, null, () => RedisConfiguration.ConnectAsync(configuration), "the test"), $"granary:{service}:");
        Tokens = new RedisTokens(Store);
        policy.Shared = true;
        policy.By = [RateLimitBy.Caller];
        var options = new GatewayOptions();
        options.RateLimits.Policies["few"] = policy;
        options.RateLimits.Shared.Timeout = patience ?? TimeSpan.FromSeconds(5);
        options.RateLimits.Shared.Retry = TimeSpan.FromMilliseconds(100);
        options.RateLimits.Shared.Lease = TimeSpan.Zero;
        var instruments = new GatewayInstruments(_services.GetRequiredService<IMeterFactory>(), new RpcCatalog([]));
        Shared = new SharedRateLimits(Options.Create(options), TimeProvider.System, instruments, NullLogger<SharedRateLimits>.Instance, Tokens);
        _limiter = new RateLimiter(new RpcCatalog([]), new OptionsMonitor<GatewayOptions>(new OptionsFactory<GatewayOptions>([new ConfigureOptions<GatewayOptions>(o => o.RateLimits = options.RateLimits)], []), [], new OptionsCache<GatewayOptions>()), TimeProvider.System, instruments, Shared);
    }

    internal GatewayStore Store { get; }

    internal RedisTokens Tokens { get; }

    internal SharedRateLimits Shared { get; }

    internal Task BeatAsync() => Shared.BeatAsync(TimeSpan.FromSeconds(10), default);

    internal async Task<bool> AdmitAsync(string subject = "alice") => (await _limiter.AdmitAsync(_limiter.Find("few", "the test"), new RateLimitCaller(subject, "", 0))).IsGranted;

    /// <summary>How many of so many calls, one after the other, are granted.</summary>
    internal async Task<int> GrantedAsync(int calls, string subject = "alice")
    {
        var granted = 0;
        for (var i = 0; i < calls; i++)
        {
            if (await AdmitAsync(subject)) granted++;
        }

        return granted;
    }

    public async ValueTask DisposeAsync()
    {
        Shared.Dispose();
        await _connections.DisposeAsync();
        await _services.DisposeAsync();
    }
}
