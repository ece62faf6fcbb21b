using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Granary.Telemetry.Prometheus;

/// <summary>
/// Sorts metrics into families. What it found out about a metric is kept for the next scrape. A metric whose exposed name is taken by another
/// (of another kind, or of the same meter) is left out, and the log says so once: the same name twice would make the whole scrape unreadable. Not thread-safe.
/// </summary>
internal sealed partial class FamilyTable(ILogger logger)
{
    private readonly Dictionary<Metric, MetricFamily?> _known = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, MetricFamily> _bySample = new(StringComparer.Ordinal);
    private readonly HashSet<string> _warned = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);

    /// <summary>The families, by name.</summary>
    internal IEnumerable<MetricFamily> Families => _families.Values;

    /// <summary>Makes these, and no others, the metrics of the families.</summary>
    internal void Set(in Batch<Metric> metrics)
    {
        var count = 0;
        foreach (var metric in metrics)
        {
            Add(metric);
            count++;
        }

        if (_known.Count == count) return;

        // A meter was disposed. That is rare, so everything is sorted anew.
        _known.Clear();
        _bySample.Clear();
        _families.Clear();
        foreach (var metric in metrics) Add(metric);
    }

    private void Add(Metric metric)
    {
        if (_known.ContainsKey(metric)) return;
        var family = FamilyOf(metric);
        var source = new MetricSource(metric);
        if (family is null || family.Sources.Exists(s => s.HasScopeOf(source)))
        {
            _known.Add(metric, null);
            if (_warned.Add($"{metric.MeterName} {metric.Name}")) LogNameTaken(logger, metric.Name, metric.MeterName);
            return;
        }

        _known.Add(metric, family);
        family.Sources.Add(source);
    }

    private MetricFamily? FamilyOf(Metric metric)
    {
        var type = MetricFamily.TypeOf(metric.MetricType);
        var (name, unit) = MetricName.Family(metric.Name, metric.Unit ?? "", type == FamilyType.Counter, type == FamilyType.Gauge);
        if (_families.TryGetValue(name, out var family)) return family.Type == type ? family : null;
        var samples = MetricFamily.SampleNames(name, type);
        if (samples.Any(_bySample.ContainsKey)) return null;
        family = new MetricFamily(name, unit, type, metric.Description ?? "");
        foreach (var sample in samples) _bySample.Add(sample, family);
        _families.Add(name, family);
        return family;
    }

    [LoggerMessage(7001, LogLevel.Warning, "The metric {Metric} of the meter {Meter} is not exposed at /metrics: another metric has its name there already. Rename one of them.")]
    private static partial void LogNameTaken(ILogger logger, string metric, string meter);
}
