using System.Numerics;

namespace Granary.Gateway.Hedging;

/// <summary>
/// How long calls of a method take, as a histogram of fixed size that forgets: when it holds enough, all counts are halved. Each bucket is a quarter wider than the one before, so a percentile is right to a quarter.
/// Thread-safe; counts that are lost to a race change nothing that matters.
/// </summary>
internal sealed class LatencyEstimate
{
    /// <summary>With fewer there is no estimate.</summary>
    internal const int Least = 100;

    private const int Most = 4096;
    private const int PerDoubling = 3;
    private const int FirstBit = 14;

    // From 16 us in thirds of a doubling to about 70 s.
    private readonly int[] _counts = new int[PerDoubling * 22];
    private int _total;
    private int _sinceEstimate;
    private long _estimate;

    /// <summary>A call has taken so long.</summary>
    public void Record(TimeSpan time)
    {
        Interlocked.Increment(ref _counts[Bucket(time)]);
        Interlocked.Increment(ref _sinceEstimate);
        if (Interlocked.Increment(ref _total) < Most) return;
        var kept = 0;
        for (var i = 0; i < _counts.Length; i++) kept += _counts[i] >>= 1;
        Volatile.Write(ref _total, kept);
    }

    /// <summary>Within which time that share of the calls has ended; null while too few have been seen.</summary>
    public TimeSpan? Percentile(double share)
    {
        if (Volatile.Read(ref _total) < Least) return null;
        if (Volatile.Read(ref _estimate) is var known and > 0 && Volatile.Read(ref _sinceEstimate) < 64) return new TimeSpan(known);
        Volatile.Write(ref _sinceEstimate, 0);
        var wanted = _counts.Sum(c => (long)c) * share;
        var seen = 0L;
        var bucket = 0;
        for (; bucket < _counts.Length - 1; bucket++)
        {
            seen += _counts[bucket];
            if (seen >= wanted) break;
        }

        var end = UpperEnd(bucket);
        Volatile.Write(ref _estimate, end.Ticks);
        return end;
    }

    private static int Bucket(TimeSpan time)
    {
        // In thirds of a doubling of nanoseconds.
        var nanoseconds = (ulong)Math.Max(1, time.TotalNanoseconds);
        var bit = BitOperations.Log2(nanoseconds);
        if (bit < FirstBit) return 0;
        var rest = (double)nanoseconds / (1UL << bit);
        var third = rest < 1.26 ? 0 : rest < 1.5874 ? 1 : 2;
        return Math.Min(((bit - FirstBit) * PerDoubling) + third, (PerDoubling * 22) - 1);
    }

    private static TimeSpan UpperEnd(int bucket) => TimeSpan.FromTicks((long)(Math.Pow(2, FirstBit + ((bucket + 1) / (double)PerDoubling)) / 100) + 1);
}
