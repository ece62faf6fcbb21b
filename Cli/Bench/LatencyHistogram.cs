using System.Numerics;

namespace Granary.Cli.Bench;

/// <summary>Times in microseconds, kept with a precision of 0.1 % up to about a day, in memory that does not grow. Thread-safe.</summary>
internal sealed class LatencyHistogram
{
    // Up to 2,047 each value has a bucket; above, each doubling has 1,024.
    private const int Bits = 10;
    private const int MostDoublings = 27;

    private readonly long[] _counts = new long[(MostDoublings + 2) << Bits];
    private long _count;
    private long _most;

    public long Count => Volatile.Read(ref _count);

    /// <summary>The longest time.</summary>
    public long Maximum => Volatile.Read(ref _most);

    public void Record(long microseconds)
    {
        microseconds = Math.Max(0, microseconds);
        Interlocked.Increment(ref _counts[Math.Min(IndexOf(microseconds), _counts.Length - 1)]);
        Interlocked.Increment(ref _count);
        for (var most = Maximum; microseconds > most; most = Maximum)
        {
            if (Interlocked.CompareExchange(ref _most, microseconds, most) == most) break;
        }
    }

    /// <summary>The time that this share of the calls did not exceed; 0 when there are none.</summary>
    /// <param name="share">0 to 1.</param>
    public long At(double share)
    {
        var wanted = (long)Math.Ceiling(share * Count);
        var seen = 0L;
        for (var i = 0; i < _counts.Length && wanted > 0; i++)
        {
            seen += Volatile.Read(ref _counts[i]);
            if (seen >= wanted) return Math.Min(LastOf(i), Maximum);
        }

        return Maximum;
    }

    private static int IndexOf(long value)
    {
        var doublings = Math.Max(0, BitOperations.Log2((ulong)value) - Bits);
        return (int)((doublings << Bits) + (value >> doublings));
    }

    // The last value of a bucket: a percentile is rather told too long than too short.
    private static long LastOf(int index)
    {
        var doublings = Math.Max(0, (index >> Bits) - 1);
        return ((index - ((long)doublings << Bits) + 1) << doublings) - 1;
    }
}
