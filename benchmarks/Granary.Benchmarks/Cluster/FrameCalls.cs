using System.Diagnostics;
using Granary.Benchmarks.Local;
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
        await MeasureLatencyAsync(session, "silo to silo, two processes, 1 in flight, p50", grains);
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

    /// <summary>Activates grains until as many as there are calls in flight live in that silo and have their home there.</summary>
    private static async Task<There> FindAsync(ProcessCore caller, IGrainFactory factory, SiloAddress silo)
    {
        var wanted = s_siloToSilo.Max(s => s.InFlight);
        var address = silo.ToParsableString();
        List<ICallGrain> found = [];
        for (var i = 0; found.Count < wanted; i++)
        {
            if (i > wanted * 50) throw new CannotMeasureException($"of {i} grains only {found.Count} were placed in {silo}.");
            var grain = factory.GetGrain<ICallGrain>($"there{i}");
            if (silo.Equals(caller.Locator.Home(grain.GetGrainId())) && await grain.Where() == address) found.Add(grain);
        }

        return new There([.. found], address);
    }

    /// <summary>Grains in another silo.</summary>
    private sealed record There(ICallGrain[] Grains, string Silo)
    {
        /// <summary>A call that crossed no connection would be a thousand times faster and prove nothing.</summary>
        internal async Task CheckAsync()
        {
            foreach (var grain in Grains)
            {
                if (await grain.Where() != Silo) throw new InvalidOperationException($"{grain.GetGrainId()} has left {Silo} while it was measured: the figure is of something else.");
            }
        }
    }

    private async Task MeasureAsync(Session session, string what, There there, int inFlight, Peer? peer, Budget? budget)
    {
        var rate = await Measurement.RateAsync(session, n => Callers.RunAsync(inFlight, n, async (caller, calls) =>
        {
            var grain = there.Grains[caller];
            for (var i = 0; i < calls; i++) await grain.MultiplyValue(7, i);
        }));
        await there.CheckAsync();
        session.Add(Name, what, rate, peer, budget);
    }

    private async Task MeasureLatencyAsync(Session session, string what, There there)
    {
        var grain = there.Grains[0];
        var calls = session.Quick ? 2_000 : 20_000;
        double[] medians = new double[session.Rounds], loops = new double[session.Rounds];
        var times = new double[calls];
        for (var round = 0; round < session.Rounds; round++)
        {
            loops[round] = CpuLoop.Run();
            for (var i = 0; i < calls; i++)
            {
                var start = Stopwatch.GetTimestamp();
                await grain.MultiplyValue(7, i);
                times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            }

            Array.Sort(times);
            medians[round] = Measurement.Median(times);
        }

        await there.CheckAsync();
        session.Add(Name, what, Measurement.Sum(Unit.Microseconds, medians, [], loops), new Peer("Orleans 10.4", 33, 33, SameRun: false), new Budget(22));
    }
}
