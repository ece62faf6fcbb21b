using Granary.Statistics;
using Granary.Telemetry.Statistics;

namespace Granary.ApiHost.Dashboard.Feed;

/// <summary>The durations of the last seconds: what is a second older weighs 0.8 of it, so half of what is shown is of the last three seconds, and few calls do not make it flicker. One thread at a time.</summary>
internal sealed class DurationWindow
{
    private const double Keep = 0.8;
    private const double Nothing = 0.01;

    private readonly double[] _counts = new double[DurationHistogram.Buckets];

    internal ReadOnlySpan<double> Counts => _counts;

    /// <summary>A second has passed.</summary>
    internal void Age()
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            _counts[i] *= Keep;
            if (_counts[i] < Nothing) _counts[i] = 0;
        }
    }

    /// <summary>Adds what came between two readings of the same silo.</summary>
    internal void Add(DurationFigures now, DurationFigures? before)
    {
        for (var i = 0; i < now.Counts.Count; i++) Add(now.First + i, now.Counts[i]);
        for (var i = 0; before is not null && i < before.Counts.Count; i++) Add(before.First + i, -before.Counts[i]);
    }

    internal void Add(DurationWindow other)
    {
        for (var i = 0; i < _counts.Length; i++) _counts[i] += other._counts[i];
    }

    internal double? Quantile(double quantile) => Rounded(DurationHistogram.Quantile(_counts, quantile));

    /// <summary>The slowest call that still counts.</summary>
    internal double? Max() => Array.FindLastIndex(_counts, c => c > 0) is >= 0 and var last ? Rounded(DurationHistogram.MillisecondsOf(last)) : null;

    // A silo is another process: what it says is a number of a bucket or it is not used.
    private void Add(int bucket, long count)
    {
        if ((uint)bucket < (uint)_counts.Length) _counts[bucket] = Math.Max(0, _counts[bucket] + count);
    }

    /// <summary>Three digits: more are not known.</summary>
    internal static double? Rounded(double? value)
    {
        if (value is not { } number || number <= 0) return value;
        var scale = Math.Pow(10, Math.Floor(Math.Log10(number)) - 2);
        return Math.Round(Math.Round(number / scale) * scale, 6);
    }
}
