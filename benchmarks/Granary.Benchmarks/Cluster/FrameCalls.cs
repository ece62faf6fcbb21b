using Granary.Engine;
using Granary.Engine.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Granary.Benchmarks.Cluster;

/// <summary>Calls that cross a connection: between two silos of this process, between two processes, and from a client to the silo that has the grain.</summary>
internal sealed class FrameCalls : IBenchmark
{
    private static readonly (int InFlight, Peer Orleans, Budget Budget)[] s_siloToSilo =
    [
        (1, new Peer("Orleans 10.4", 25e3, 25e3, SameRun: false), new Budget(40e3)),
        (64, new Peer("Orleans 10.4", 240e3, 287e3, SameRun: false), new Budget(600e3)),
        (512, new Peer("Orleans 10.4", 290e3, 376e3, SameRun: false), new Budget(1.2e6)),
    ];

    public string Name => "frames";

    public string About => "calls over loopback frames with 1, 64 and 512 in flight: silo to silo, client to owner";

    public async Task RunAsync(Session session)
    {
        await OneProcessAsync(session);
        await TwoProcessesAsync(session);
        await ClientAsync(session);
    }

    private async Task OneProcessAsync(Session session)
    {
        var cluster = new InMemoryCluster(isShared: true);
        await using var near = await ClusterSilo.StartAsync(cluster);
        await using var far = await ClusterSilo.StartAsync(cluster);
        var grains = await FindAsync(near.Core, near.Grains, far.Address);
        foreach (var (inFlight, orleans, _) in s_siloToSilo) await MeasureAsync(session, $"silo to silo, one process, {inFlight} in flight", grains, inFlight, orleans, null);
    }

    private async Task TwoProcessesAsync(Session session)
    {
        await using var near = await ClusterSilo.StartAsync(new InMemoryCluster(isShared: true));
        using var far = await SiloProcess.StartAsync();
        await far.MeetAsync(near.Address);
        await near.MeetAsync(far.Address);
        var grains = await FindAsync(near.Core, near.Grains, far.Address);
        foreach (var (inFlight, orleans, budget) in s_siloToSilo) await MeasureAsync(session, $"silo to silo, two processes, {inFlight} in flight", grains, inFlight, orleans, budget);
        await grains.MeasureLatencyAsync(session, Name, "silo to silo, two processes, 1 in flight, p50");
    }

    private async Task ClientAsync(Session session)
    {
        using var first = await SiloProcess.StartAsync();
        using var second = await SiloProcess.StartAsync();
        await first.MeetAsync(second.Address);
        await second.MeetAsync(first.Address);

        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        builder.UseOrleansClient(client => client.UseStaticClustering(first.Address.Endpoint).Configure<ClusterOptions>(o => o.ClusterId = "dev"));
        using var host = builder.Build();
        await host.StartAsync();
        var (core, factory) = (host.Services.GetRequiredService<ClientCore>(), host.Services.GetRequiredService<IGrainFactory>());
        await MeasureAsync(session, "client to its gateway, which has the grain, 512 in flight", await FindAsync(core, factory, first.Address), 512, new Peer("Orleans 10.4", 357e3, 389e3, SameRun: false), new Budget(1.2e6));
        await MeasureAsync(session, "client to another silo that has the grain, 512 in flight", await FindAsync(core, factory, second.Address), 512, new Peer("Orleans 10.4", 105e3, 199e3, SameRun: false), new Budget(1.2e6));
        await host.StopAsync();
    }

    /// <summary>Grains that live in that silo and have their home there.</summary>
    private static Task<RemoteGrains> FindAsync(ProcessCore caller, IGrainFactory factory, SiloAddress silo) =>
        RemoteGrains.FindAsync(factory, [silo], s_siloToSilo.Max(s => s.InFlight), grain => silo.Equals(caller.Locator.Home(grain.GetGrainId())));

    private Task MeasureAsync(Session session, string what, RemoteGrains there, int inFlight, Peer? peer, Budget? budget) => there.MeasureRateAsync(session, Name, what, inFlight, peer, budget);
}
