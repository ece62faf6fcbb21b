using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Granary.Benchmarks.Harness;

/// <summary>
/// A fixed piece of arithmetic on one thread, timed beside every round: its time differs only with what the machine gives this process, so a round on a busy or throttled machine is seen as such.
/// </summary>
internal static class CpuLoop
{
    private const int Turns = 12_000_000;

    private static double s_best = double.MaxValue;

    /// <summary>Milliseconds of the fastest loop so far.</summary>
    internal static double Best => s_best;

    /// <summary>Runs the loop once (some 10-20 ms); gives its milliseconds.</summary>
    internal static double Run()
    {
        var start = Stopwatch.GetTimestamp();
        Spin(Turns);
        var took = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        if (took < s_best) s_best = took;
        return took;
    }

    /// <summary>Work of <paramref name="turns"/> dependent steps (about a nanosecond each) that no compiler can shorten.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    internal static ulong Spin(int turns)
    {
        var x = 0x9E3779B97F4A7C15UL;
        for (var i = 0; i < turns; i++)
        {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
        }

        return x;
    }
}
