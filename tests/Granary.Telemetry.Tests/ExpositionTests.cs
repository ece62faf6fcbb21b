namespace Granary.Tests;

/// <summary>The judge must be able to say no.</summary>
public sealed class ExpositionTests
{
    [Theory]
    [InlineData("a 1\n", "before its TYPE")]
    [InlineData("# TYPE a gauge\na 1", "no line feed")]
    [InlineData("# TYPE a gauge\na{b=\"\\t\"} 1\n", "unknown escape")]
    [InlineData("# TYPE a gauge\na{b=\"1\",b=\"2\"} 1\n", "label twice")]
    [InlineData("# TYPE a gauge\na 1\na 2\n", "series twice")]
    [InlineData("# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\na{x=\"1\"} 1\n", "two pieces")]
    [InlineData("# TYPE a counter\na_total 1\n", "no sample of")]
    [InlineData("# TYPE a gauge\na one\n", "no number")]
    [InlineData("# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n", "no +Inf")]
    [InlineData("# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n", "out of order")]
    public void What_the_format_forbids_is_refused(string text, string why) =>
        Assert.Contains(why, Assert.Throws<FormatException>(() => Exposition.Parse(text, openMetrics: false)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("# TYPE a gauge\na 1\n", "no # EOF")]
    [InlineData("# TYPE a counter\na 1\n# EOF\n", "no sample of")]
    [InlineData("# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n", "end in the unit")]
    [InlineData("# TYPE a gauge\na 1 # {t=\"1\"} 1 1\n# EOF\n", "after the value")]
    public void What_OpenMetrics_forbids_is_refused(string text, string why) =>
        Assert.Contains(why, Assert.Throws<FormatException>(() => Exposition.Parse(text, openMetrics: true)).Message, StringComparison.Ordinal);
}
