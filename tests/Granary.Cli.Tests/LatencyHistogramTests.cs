using Granary.Cli.Bench;

namespace Granary.Cli.Tests;

public sealed class LatencyHistogramTests
{
    [Fact]
    public void Percentiles_are_those_of_the_sorted_values_within_a_thousandth()
    {
        var random = new Random(3);
        var values = Enumerable.Range(0, 20_000).Select(_ => (long)Math.Exp(random.NextDouble() * 20)).ToArray();
        var histogram = new LatencyHistogram();
        Parallel.ForEach(values, histogram.Record);
        Array.Sort(values);
        foreach (var share in new[] { 0.0001, 0.5, 0.9, 0.99, 0.999, 1 })
        {
            var exact = values[(int)Math.Ceiling(share * values.Length) - 1];
            Assert.InRange(histogram.At(share), exact, exact * 1.001);
        }

        Assert.Equal(values[^1], histogram.Maximum);
        Assert.Equal(values.Length, histogram.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2047)]
    [InlineData(2048)]
    [InlineData(-5)]
    [InlineData(long.MaxValue)]
    public void Any_value_has_a_place(long value)
    {
        var histogram = new LatencyHistogram();
        Assert.Equal(0, histogram.At(0.5));
        histogram.Record(value);
        Assert.Equal(1, histogram.Count);
        Assert.Equal(Math.Max(0, value), histogram.Maximum);
        Assert.InRange(histogram.At(1), 0, Math.Max(0, value));
    }
}
