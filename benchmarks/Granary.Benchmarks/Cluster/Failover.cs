using System.Diagnostics;
using Granary.Benchmarks.Local;
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Benchmarks.Cluster;

/// <summary>kill -9 of one of two silos, again and again: how long until calls to its grains succeed.</summary>
internal sealed class Failover : IBenchmark
{
    private const int Grains = 32;
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(2);

    public string Name => "failover";

    public string About => "kill -9 of one of two silos over Redis: time until its grains answer again, over 20 kills";

    public async Task RunAsync(Session session)
    {
        using var redis = await RedisServer.StartAsync();
        using var stays = await RedisSiloProcess.StartAsync(redis.ConnectionString, "failover");
        using var client = await RedisSilo.ConnectAsync(redis.ConnectionString, "failover");
        var factory = client.Services.GetRequiredService<IGrainFactory>();
        var kills = session.Quick ? 3 : 20;
        double[] first = new double[kills], all = new double[kills], inFlight = new double[kills], loops = new double[kills];
        for (var kill = 0; kill < kills; kill++)
        {
            loops[kill] = CpuLoop.Run();
            using var victim = await RedisSiloProcess.StartAsync(redis.ConnectionString, "failover");
            var grains = await RemoteGrains.FindAsync(factory, [victim.Address], Grains, name: $"kill{kill}-");
            (first[kill], all[kill], inFlight[kill]) = await KillAsync(victim, grains.Grains);
        }

        Array.Sort(all);
        var orleans = new Peer("Orleans 10.4", 13_000, 17_000, SameRun: false);
        session.Add(Name, $"all {Grains} grains of the killed silo answer, {kills} kills", Measurement.Sum(Unit.Milliseconds, [.. all], [], [.. loops]), orleans, new Budget(1500));
        session.Add(Name, "the same, p90", Measurement.Sum(Unit.Milliseconds, [all[(int)Math.Ceiling(kills * 0.9) - 1]], [], [.. loops]), orleans, new Budget(1500));
        session.Add(Name, "the first of them answers", Measurement.Sum(Unit.Milliseconds, first, [], [.. loops]));
        session.Add(Name, "calls in flight at the kill have ended", Measurement.Sum(Unit.Milliseconds, inFlight, [], loops), new Peer("Orleans 10.4", 30_500, 30_500, SameRun: false));
        await client.StopAsync();
    }

    /// <summary>Milliseconds from the kill to the first success, to the success of all, and to the end of the last call that was in flight.</summary>
    private static async Task<(double First, double All, double InFlight)> KillAsync(RedisSiloProcess victim, IReadOnlyList<ICallGrain> grains)
    {
        // A call that runs for longer than anybody watches: it can only end by the death of its silo.
        var running = grains.Take(4).Select(g => EndsAsync(g.Linger(s_patience))).ToArray();
        await grains[4].Multiply(7, 8); // whatever was sent before this has arrived
        var start = Stopwatch.GetTimestamp();
        victim.Process.Kill();
        var served = await Task.WhenAll(grains.Skip(4).Select(g => ServedAsync(g, start)));
        var ended = await Task.WhenAll(running);
        return (served.Min(), served.Max(), ended.Max(at => Stopwatch.GetElapsedTime(start, at).TotalMilliseconds));
    }

    private static async Task<double> ServedAsync(ICallGrain grain, long start)
    {
        while (true)
        {
            try
            {
                await grain.Multiply(7, 8);
                return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }
            catch (Exception error) when (error is OrleansException or TimeoutException)
            {
                if (Stopwatch.GetElapsedTime(start) > s_patience) throw new CannotMeasureException($"the grains of the killed silo do not answer: {error.Message}");
                await Task.Delay(s_pause);
            }
        }
    }

    private static async Task<long> EndsAsync(Task call)
    {
        await call.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return Stopwatch.GetTimestamp();
    }
}
