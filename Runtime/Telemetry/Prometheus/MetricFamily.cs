using OpenTelemetry.Metrics;

namespace Granary.Telemetry.Prometheus;

/// <summary>Prometheus' kinds of metric that OpenTelemetry's map to.</summary>
internal enum FamilyType
{
    Counter,
    Gauge,
    Histogram,
}

/// <summary>All metrics of one exposed name; several meters may have one each. The samples of a family must stand together.</summary>
internal sealed class MetricFamily(string name, string? unit, FamilyType type, string help)
{
    /// <summary>Without the suffixes of samples (<c>_total</c>, <c>_bucket</c>...).</summary>
    internal string Name { get; } = name;

    internal string? Unit { get; } = unit;

    internal FamilyType Type { get; } = type;

    internal string Help { get; } = help;

    internal List<MetricSource> Sources { get; } = [];

    internal static FamilyType TypeOf(MetricType type) => type switch
    {
        MetricType.LongSum or MetricType.DoubleSum => FamilyType.Counter,
        MetricType.Histogram or MetricType.ExponentialHistogram => FamilyType.Histogram,
        _ => FamilyType.Gauge,
    };

    /// <summary>The names its samples have; no two families may share one.</summary>
    internal static string[] SampleNames(string name, FamilyType type) => type switch
    {
        FamilyType.Counter => [name, name + "_total"],
        FamilyType.Gauge => [name],
        _ => [name, name + "_bucket", name + "_sum", name + "_count"],
    };
}

/// <summary>One OpenTelemetry metric of a family, with the labels all its points share.</summary>
internal sealed class MetricSource(Metric metric)
{
    internal Metric Metric { get; } = metric;

    /// <summary>See <see cref="MetricName.Divisor"/>.</summary>
    internal double Divisor { get; } = MetricName.Divisor(metric.Unit ?? "");

    /// <summary>The meter it comes from, as labels.</summary>
    internal IReadOnlyList<KeyValuePair<string, string>> ScopeLabels { get; } = Labels(metric);

    internal bool HasScopeOf(MetricSource other) => ScopeLabels.SequenceEqual(other.ScopeLabels);

    private static List<KeyValuePair<string, string>> Labels(Metric metric)
    {
        List<KeyValuePair<string, string>> labels = [new("otel_scope_name", metric.MeterName)];
        if (!string.IsNullOrEmpty(metric.MeterVersion)) labels.Add(new("otel_scope_version", metric.MeterVersion));
        foreach (var (key, value) in metric.MeterTags ?? []) labels.Add(new("otel_scope_" + MetricName.Label(key), LabelText.Of(value)));
        return labels;
    }
}
