using System.Diagnostics;

namespace Granary.Benchmarks.Local;

/// <summary>One caller that calls 10,000 grains at once: grains that work must use every core.</summary>
internal sealed class FanOut : IBenchmark
{
    private const int Grains = 10_000;

    /// <summary>Some 100 us of work in each grain.</summary>
    private const int Turns = 60_000;

    public string Name => "fanout";

    public string About => "one caller, 10,000 grains at once: speed-up over one core, and bare rate";

    public async Task RunAsync(Session session)
    {
        await using var silo = await LocalSilo.StartAsync();
        var grains = Enumerable.Range(0, Grains).Select(i => silo.Grains.GetGrain<ICallGrain>($"f{i}")).ToArray();
        foreach (var grain in grains) await grain.Multiply(1, 1);

        var many = session.Quick ? Grains / 5 : Grains;
        await CallAllAsync(grains.AsMemory(0, many / 10));
        double[] speedups = new double[session.Rounds], slowness = new double[session.Rounds];
        for (var round = 0; round < session.Rounds; round++)
        {
            slowness[round] = CpuLoop.Run();
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < many; i++) CpuLoop.Spin(Turns);
            var alone = Stopwatch.GetElapsedTime(start);
            start = Stopwatch.GetTimestamp();
            await CallAllAsync(grains.AsMemory(0, many));
            speedups[round] = alone / Stopwatch.GetElapsedTime(start);
        }

        var speedup = Measurement.Sum(Unit.Times, speedups, [], slowness);
        session.Add(Name, $"{many:N0} grains of 0.1 ms work, speed-up over one thread", speedup, new Peer("cores", Machine.Cores, Machine.Cores, SameRun: true));

        var bare = await Measurement.RateAsync(session, async n =>
        {
            var calls = new Task<double>[Grains];
            for (var done = 0; done < n; done += Grains)
            {
                for (var i = 0; i < calls.Length; i++) calls[i] = grains[i].MultiplyYielding(7, i);
                await Task.WhenAll(calls);
            }
        });
        session.Add(Name, "10,000 grains that await, calls", bare);
    }

    private static Task CallAllAsync(ReadOnlyMemory<ICallGrain> grains)
    {
        var calls = new Task<ulong>[grains.Length];
        for (var i = 0; i < calls.Length; i++) calls[i] = grains.Span[i].Work(Turns);
        return Task.WhenAll(calls);
    }
}
