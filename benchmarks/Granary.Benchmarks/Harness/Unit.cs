using System.Globalization;

namespace Granary.Benchmarks.Harness;

/// <summary>What a figure counts, how it is printed, and which way is better.</summary>
internal sealed class Unit
{
    internal static readonly Unit PerSecond = new("/s", moreIsBetter: true, v => v switch
    {
        >= 1e6 => string.Create(CultureInfo.InvariantCulture, $"{v / 1e6:0.00} M/s"),
        >= 1e3 => string.Create(CultureInfo.InvariantCulture, $"{v / 1e3:0.0} k/s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{v:0}/s"),
    });

    internal static readonly Unit Nanoseconds = new("ns", moreIsBetter: false, v => v.ToString(v < 100 ? "0.# 'ns'" : "#,0 'ns'", CultureInfo.InvariantCulture));

    internal static readonly Unit Microseconds = new("us", moreIsBetter: false, v => string.Create(CultureInfo.InvariantCulture, $"{v:0.0} us"));

    internal static readonly Unit Milliseconds = new("ms", moreIsBetter: false, v => string.Create(CultureInfo.InvariantCulture, $"{v:0} ms"));

    internal static readonly Unit Bytes = new("B", moreIsBetter: false, v => string.Create(CultureInfo.InvariantCulture, $"{v:#,0} B"));

    internal static readonly Unit Megabytes = new("MB", moreIsBetter: false, v => string.Create(CultureInfo.InvariantCulture, $"{v:0.0} MB"));

    /// <summary>Of one core's time.</summary>
    internal static readonly Unit CorePercent = new("%", moreIsBetter: false, v => string.Create(CultureInfo.InvariantCulture, $"{v:0.00} %"));

    internal static readonly Unit Times = new("x", moreIsBetter: true, v => string.Create(CultureInfo.InvariantCulture, $"{v:0.00} x"));

    private readonly Func<double, string> _format;

    private Unit(string symbol, bool moreIsBetter, Func<double, string> format)
    {
        Symbol = symbol;
        MoreIsBetter = moreIsBetter;
        _format = format;
    }

    internal string Symbol { get; }

    internal bool MoreIsBetter { get; }

    internal string Format(double value) => _format(value);
}
