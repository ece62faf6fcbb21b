using System.Diagnostics;

namespace Granary.Benchmarks.Harness;

/// <summary>The rounds of one figure, summed up.</summary>
/// <param name="Unit">Of the three values.</param>
/// <param name="Value">The median.</param>
/// <param name="Low">The lowest round.</param>
/// <param name="High">The highest round.</param>
/// <param name="Allocated">Median of the bytes allocated for one operation, by all threads of the process.</param>
/// <param name="Slowness">See <see cref="Figure.Slowness"/>.</param>
internal sealed record Measured(Unit Unit, double Value, double Low, double High, double? Allocated, double Slowness)
{
    /// <summary>Median of the processor time of one operation, of all threads of the process, nanoseconds; null when it was not measured.</summary>
    internal double? Processor { get; init; }

    /// <summary>The same rounds as the time of one operation instead of operations a second.</summary>
    internal Measured AsNanoseconds() => this with { Unit = Unit.Nanoseconds, Value = 1e9 / Value, Low = 1e9 / High, High = 1e9 / Low };
}

/// <summary>Warms up, finds out how many operations fill a round, and measures rounds beside the fixed CPU loop.</summary>
internal static class Measurement
{
    /// <summary>Operations a second of <paramref name="run"/>, which does as many as it is told.</summary>
    internal static async Task<Measured> RateAsync(Session session, Func<int, Task> run)
    {
        var operations = await WarmUpAsync(session, run);
        var rounds = new Rounds(session.Rounds);
        for (var round = 0; round < session.Rounds; round++) await rounds.RunAsync(round, operations, run);
        return rounds.Sum();
    }

    /// <summary>The same work by two sides on this thread, in alternating rounds, so that a slow moment of the machine is both sides' slow moment.</summary>
    internal static async Task<(Measured First, Measured Second)> RatesAsync(Session session, Action<int> first, Action<int> second)
    {
        var (runFirst, runSecond) = (AsTask(first), AsTask(second));
        // Short rounds and many: a time slice that somebody else took then spoils few of them.
        var (firstOperations, secondOperations) = (await WarmUpAsync(session, runFirst) / 4, await WarmUpAsync(session, runSecond) / 4);
        var count = session.Rounds * 3;
        var (firstRounds, secondRounds) = (new Rounds(count), new Rounds(count));
        for (var round = 0; round < count; round++)
        {
            await firstRounds.RunAsync(round, firstOperations, runFirst);
            await secondRounds.RunAsync(round, secondOperations, runSecond);
        }

        return (firstRounds.Sum(), secondRounds.Sum());
    }

    /// <summary>Sums up values that were measured elsewhere.</summary>
    internal static Measured Sum(Unit unit, double[] values, double[] allocated, double[] loopMilliseconds)
    {
        Array.Sort(values);
        Array.Sort(allocated);
        Array.Sort(loopMilliseconds);
        return new Measured(unit, Median(values), values[0], values[^1], allocated.Length == 0 ? null : Median(allocated), loopMilliseconds.Length == 0 ? 1 : Median(loopMilliseconds) / CpuLoop.Best);
    }

    /// <summary>The middle of sorted values.</summary>
    internal static double Median(double[] sorted) =>
        sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;

    /// <summary>Runs growing batches until the code is compiled for good (tier 1 comes in the background, after 100 ms of quiet) and a batch is long enough to scale from.</summary>
    private static async Task<int> WarmUpAsync(Session session, Func<int, Task> run)
    {
        var operations = 64;
        while (true)
        {
            var start = Stopwatch.GetTimestamp();
            await run(operations);
            var took = Stopwatch.GetElapsedTime(start);
            if (took >= session.Round / 4) break;
            operations = took < session.Round / 64 ? operations * 8 : operations * 2;
        }

        for (var i = 0; i < 3; i++)
        {
            await Task.Delay(150);
            await run(operations / 4 + 1);
        }

        var last = Stopwatch.GetTimestamp();
        await run(operations);
        var seconds = Stopwatch.GetElapsedTime(last).TotalSeconds;
        return (int)Math.Clamp(operations * session.Round.TotalSeconds / seconds, 256, 200_000_000);
    }

    private static Func<int, Task> AsTask(Action<int> run) => n =>
    {
        run(n);
        return Task.CompletedTask;
    };

    /// <summary>The measured rounds of one side.</summary>
    private sealed class Rounds(int count)
    {
        private readonly double[] _rates = new double[count];
        private readonly double[] _allocated = new double[count];
        private readonly double[] _processor = new double[count];
        private readonly double[] _loops = new double[count];

        internal async Task RunAsync(int round, int operations, Func<int, Task> run)
        {
            var before = CpuLoop.Run();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            var bytes = GC.GetTotalAllocatedBytes(precise: true);
            var processor = Environment.CpuUsage.TotalTime;
            var start = Stopwatch.GetTimestamp();
            await run(operations);
            var took = Stopwatch.GetElapsedTime(start);
            _processor[round] = (Environment.CpuUsage.TotalTime - processor).TotalNanoseconds / operations;
            _allocated[round] = (GC.GetTotalAllocatedBytes(precise: true) - bytes) / (double)operations;
            _rates[round] = operations / took.TotalSeconds;
            _loops[round] = Math.Max(before, CpuLoop.Run());
        }

        internal Measured Sum()
        {
            Array.Sort(_processor);
            return Measurement.Sum(Unit.PerSecond, _rates, _allocated, _loops) with { Processor = Median(_processor) };
        }
    }
}
