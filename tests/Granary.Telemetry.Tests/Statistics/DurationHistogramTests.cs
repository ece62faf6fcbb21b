using FsCheck;
using FsCheck.Fluent;
using Granary.Statistics;

namespace Granary.Telemetry.Tests.Statistics;

public sealed class DurationHistogramTests
{
    private const double Error = 0.0626;

    [Fact]
    public void A_duration_is_read_back_within_a_sixteenth() => Prop.ForAll<int, byte>((mantissa, shift) =>
    {
        // From 1 us to 17 minutes, as likely short as long.
        var nanoseconds = 1024 + ((long)(Math.Abs((long)mantissa) % 1024) << (shift % 31));
        var read = DurationHistogram.MillisecondsOf(DurationHistogram.BucketOf(nanoseconds)) * 1e6;
        return Math.Abs(read - nanoseconds) <= nanoseconds * Error;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Longer_durations_are_never_in_earlier_buckets()
    {
        var last = 0;
        for (var ns = 0L; ns < 1L << 41; ns += Math.Max(1, ns / 50))
        {
            var bucket = DurationHistogram.BucketOf(ns);
            Assert.InRange(bucket, last, DurationHistogram.Buckets - 1);
            last = bucket;
        }

        Assert.Equal(DurationHistogram.Buckets - 1, DurationHistogram.BucketOf(long.MaxValue));
        Assert.Equal(0, DurationHistogram.BucketOf(-5));
    }

    [Fact]
    public void Quantiles_are_those_of_the_sorted_durations() => Prop.ForAll<NonEmptyArray<PositiveInt>, byte>((durations, percent) =>
    {
        var quantile = (percent % 100 + 1) / 100.0;
        var histogram = new DurationHistogram();
        var sorted = durations.Get.Select(d => 1024L + (d.Get * 1000L)).Order().ToArray();
        foreach (var duration in sorted) histogram.Record(duration, 1);
        var counts = new long[DurationHistogram.Buckets];
        histogram.AddTo(counts);
        var exact = sorted[(int)Math.Ceiling((sorted.Length * quantile) - 1e-9) - 1];
        var read = DurationHistogram.Quantile(Array.ConvertAll(counts, c => (double)c), quantile)!.Value * 1e6;
        return Math.Abs(read - exact) <= exact * Error;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Nothing_has_no_quantile() => Assert.Null(DurationHistogram.Quantile(new double[DurationHistogram.Buckets], 0.5));
}
