using System.Numerics;

namespace Granary.Statistics;

/// <summary>
/// How long calls took, in buckets of fixed bounds: eight for each power of two, from 128 ns to 18 minutes, so a value read back is within 6.25 % of what was recorded. 2 kB. Thread-safe; never reset, so that
/// any number of readers take the difference of two readings.
/// </summary>
public sealed class DurationHistogram
{
    /// <summary>The number of buckets.</summary>
    public const int Buckets = 256;

    private const int Shift = 7;

    private readonly long[] _counts = new long[Buckets];

    /// <summary>Counts <paramref name="weight"/> calls that took so many nanoseconds.</summary>
    public void Record(long nanoseconds, long weight) => Interlocked.Add(ref _counts[BucketOf(nanoseconds)], weight);

    /// <summary>Adds the counts to <paramref name="to"/>, which has <see cref="Buckets"/> places.</summary>
    public void AddTo(Span<long> to)
    {
        for (var i = 0; i < Buckets; i++) to[i] += Volatile.Read(ref _counts[i]);
    }

    /// <summary>The bucket of a duration; below 128 ns the first, above 18 minutes the last.</summary>
    public static int BucketOf(long nanoseconds)
    {
        if (nanoseconds <= 0) return 0;
        var value = (ulong)nanoseconds >> Shift;
        if (value < 8) return (int)value;
        var power = BitOperations.Log2(value);
        return Math.Min(Buckets - 1, ((power - 2) << 3) + (int)((value >> (power - 3)) & 7));
    }

    /// <summary>The middle of a bucket, milliseconds.</summary>
    public static double MillisecondsOf(int bucket)
    {
        if (bucket < 8) return (bucket + 0.5) * (1 << Shift) / 1e6;
        var power = (bucket >> 3) + 2;
        var width = 1UL << (power - 3);
        return ((1UL << power) + (width * (ulong)(bucket & 7)) + (width / 2.0)) * (1 << Shift) / 1e6;
    }

    /// <summary>The duration that the share <paramref name="quantile"/> of what is counted did not exceed, milliseconds; null when nothing is counted.</summary>
    public static double? Quantile(ReadOnlySpan<double> counts, double quantile)
    {
        var total = 0.0;
        foreach (var count in counts) total += count;
        if (total <= 0) return null;
        var rank = total * quantile;
        var last = 0;
        for (var i = 0; i < counts.Length; i++)
        {
            if (counts[i] <= 0) continue;
            last = i;
            rank -= counts[i];
            if (rank <= 0) break;
        }

        return MillisecondsOf(last);
    }
}
