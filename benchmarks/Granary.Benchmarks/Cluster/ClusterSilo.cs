using Granary.Engine;
using Granary.Engine.Hosting;
using Granary.Engine.Membership;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;

namespace Granary.Benchmarks.Cluster;

/// <summary>
/// A silo that listens on the loopback address and is one of several. Silos of one process share the memory of their cluster; silos of two processes are told of each other once,
/// and each keeps a directory of its own: a grain is then found again only if its home, by which it is looked up, is the silo it lives in.
/// </summary>
internal sealed class ClusterSilo : IAsyncDisposable
{
    private static readonly TimeSpan s_renewal = TimeSpan.FromMilliseconds(500);

    private readonly IHost _host;
    private readonly CancellationTokenSource _stopping = new();

    private ClusterSilo(IHost host) => _host = host;

    internal IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    internal SiloAddress Address => Core.Address;

    internal SiloCore Core => _host.Services.GetRequiredService<SiloCore>();

    internal static async Task<ClusterSilo> StartAsync(InMemoryCluster cluster)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(cluster);
        builder.UseOrleans(silo => silo.UseLocalhostClustering(siloPort: 0, gatewayPort: 0));
        var host = builder.Build();
        await host.StartAsync();
        return new ClusterSilo(host);
    }

    /// <summary>Learns of a silo of another process, which runs this same program.</summary>
    internal async Task MeetAsync(SiloAddress peer)
    {
        var table = _host.Services.GetRequiredService<IMembershipTable>();
        var view = await table.WriteAsync(new SiloEntry(peer, peer.ToString(), SiloStatus.Active, [], [.. Core.Types.Manifest()], TimeProvider.System.GetUtcNow()), CancellationToken.None);
        // Views are applied in the background.
        while (Core.View.Version < view.Version) await Task.Yield();
        _ = KeepAliveAsync(table, peer);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _host.StopAsync(new CancellationToken(canceled: true));
        _host.Dispose();
    }

    /// <summary>The peer renews its lease in a table of its own; in this one it would be taken for dead.</summary>
    private async Task KeepAliveAsync(IMembershipTable table, SiloAddress peer)
    {
        while (!_stopping.IsCancellationRequested)
        {
            await table.RenewAsync(peer, Core.View.Version, CancellationToken.None);
            await Task.Delay(s_renewal, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
