using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Granary.Benchmarks.Local;

/// <summary>First calls: how fast grains come to life, and what each keeps.</summary>
internal sealed class Activations : IBenchmark
{
    private const int CallerCount = 64;

    private static readonly Peer s_orleansRate = new("Orleans 10.4", 46e3, 60e3, SameRun: false);
    private static readonly Peer s_orleansBytes = new("Orleans 10.4", 1750, 1750, SameRun: false);

    public string Name => "activation";

    public string About => "activate 100,000 and 1,000,000 grains: rate, and bytes each beyond the grain object";

    public async Task RunAsync(Session session)
    {
        await MeasureAsync(session, 100_000, directory: false);
        await MeasureAsync(session, 100_000, directory: true);
        if (!session.Quick) await MeasureAsync(session, 1_000_000, directory: true);
    }

    private async Task MeasureAsync(Session session, int count, bool directory)
    {
        var rounds = count >= 1_000_000 ? 3 : session.Rounds;
        double[] rates = new double[rounds], bytes = new double[rounds], slowness = new double[rounds];
        await RoundAsync(count / 10, directory);
        for (var round = 0; round < rounds; round++)
        {
            slowness[round] = CpuLoop.Run();
            (rates[round], bytes[round]) = await RoundAsync(count, directory);
        }

        var where = directory ? "memory directory" : "lone silo";
        session.Add(Name, $"{count:N0} grains, {where}", Measurement.Sum(Unit.PerSecond, rates, [], [.. slowness]), s_orleansRate, directory ? new Budget(300e3) : null);
        session.Add(Name, $"{count:N0} grains, {where}, live bytes each", Measurement.Sum(Unit.Bytes, bytes, [], slowness), s_orleansBytes, new Budget(450));
    }

    private static async Task<(double Rate, double Bytes)> RoundAsync(int count, bool directory)
    {
        await using var silo = await LocalSilo.StartAsync(directory);
        await silo.Grains.GetGrain<IEmptyGrain>("first").Touch();
        var before = Live();
        var start = Stopwatch.GetTimestamp();
        await Callers.RunAsync(CallerCount, count, async (caller, calls) =>
        {
            for (var i = 0; i < calls; i++) await silo.Grains.GetGrain<IEmptyGrain>($"{caller}-{i}").Touch();
        });
        var rate = count / Stopwatch.GetElapsedTime(start).TotalSeconds;
        var each = (Live() - before) / (double)count - GrainObject();
        GC.KeepAlive(silo);
        return (rate, each);
    }

    private static long Live()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    /// <summary>Bytes of the grain object itself, which is the user's.</summary>
    private static long GrainObject()
    {
        RuntimeHelpers.GetUninitializedObject(typeof(EmptyGrain));
        var before = GC.GetAllocatedBytesForCurrentThread();
        GC.KeepAlive(RuntimeHelpers.GetUninitializedObject(typeof(EmptyGrain)));
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
