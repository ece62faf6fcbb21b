using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Granary.Cluster.Harness;

/// <summary>A client of the cluster in this process, which finds the silos through Redis like any other.</summary>
internal sealed class TestClient : IAsyncDisposable
{
    private readonly IHost _host;

    private TestClient(IHost host, TimeSpan responseTimeout)
    {
        _host = host;
        ResponseTimeout = responseTimeout;
        Grains = host.Services.GetRequiredService<IGrainFactory>();
    }

    internal IGrainFactory Grains { get; }

    /// <summary>The deadline of a call.</summary>
    internal TimeSpan ResponseTimeout { get; }

    internal static async Task<TestClient> ConnectAsync(string cluster, string redis, TimeSpan responseTimeout)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleansClient(client =>
        {
            client.Services.Configure<ClusterOptions>(options =>
            {
                options.ClusterId = cluster;
                options.ServiceId = cluster;
            });
            client.Services.Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = responseTimeout);
            client.UseRedisClustering(redis);
        });
        var host = builder.Build();
        await host.StartAsync();
        return new TestClient(host, responseTimeout);
    }

    /// <summary>The active silos, as a silo says.</summary>
    internal async Task<IReadOnlyCollection<SiloAddress>> SilosAsync() => (await Grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true)).Keys;

    /// <summary>Waits until the cluster says that it has so many active silos.</summary>
    internal Task KnowsAsync(int silos) => Until.TrueAsync(async () => (await SilosAsync()).Count == silos, TimeSpan.FromSeconds(30), $"there are {silos} active silos");

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await _host.StopAsync(patience.Token);
        if (_host is IAsyncDisposable host) await host.DisposeAsync();
        else _host.Dispose();
    }
}
