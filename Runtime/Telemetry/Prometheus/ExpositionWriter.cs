using System.Globalization;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Granary.Telemetry.Prometheus;

/// <summary>
/// Writes metrics in one of the two text forms: Prometheus text 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/) or OpenMetrics 1.0.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/).
/// </summary>
internal sealed class ExpositionWriter(ExpositionBuffer buffer, ExpositionFormat format)
{
    private bool IsOpenMetrics => format == ExpositionFormat.OpenMetrics;

    /// <summary>What the process is: the resource's attributes as the labels of <c>target_info</c>.</summary>
    internal void WriteTarget(Resource resource)
    {
        WriteHeader("target", "target_info", IsOpenMetrics ? "info" : "gauge", null, "What this process is.");
        buffer.Write("target_info"u8);
        var labels = new LabelSet();
        foreach (var (key, value) in resource.Attributes) labels.Add(MetricName.Label(key), LabelText.Of(value));
        WriteLabels(labels, null);
        buffer.Write(" 1\n"u8);
    }

    /// <summary>One family with all its samples; nothing when it has none.</summary>
    internal void WriteFamily(MetricFamily family)
    {
        var begun = false;
        foreach (var source in family.Sources)
        {
            foreach (ref readonly var point in source.Metric.GetMetricPoints())
            {
                if (!begun) WriteHeader(family);
                begun = true;
                var labels = new LabelSet();
                foreach (var (key, value) in source.ScopeLabels) labels.Add(key, value);
                foreach (var (key, value) in point.Tags) labels.Add(MetricName.Label(key), LabelText.Of(value));
                WritePoint(family, source.Metric.MetricType, in point, labels);
            }
        }
    }

    /// <summary>The end of the text.</summary>
    internal void WriteEnd()
    {
        if (IsOpenMetrics) buffer.Write("# EOF\n"u8);
    }

    private void WriteHeader(MetricFamily family) => WriteHeader(
        family.Name,
        family.Type == FamilyType.Counter ? family.Name + "_total" : family.Name,
        family.Type switch { FamilyType.Counter => "counter", FamilyType.Gauge => "gauge", _ => "histogram" },
        family.Unit,
        family.Help);

    /// <summary>OpenMetrics describes the family by its own name, the older format by that of its sample.</summary>
    private void WriteHeader(string family, string sample, string type, string? unit, string help)
    {
        var name = IsOpenMetrics ? family : sample;
        buffer.Write("# TYPE "u8);
        buffer.Write(name);
        buffer.Write((byte)' ');
        buffer.Write(type);
        buffer.Write((byte)'\n');
        if (unit is not null && IsOpenMetrics)
        {
            buffer.Write("# UNIT "u8);
            buffer.Write(name);
            buffer.Write((byte)' ');
            buffer.Write(unit);
            buffer.Write((byte)'\n');
        }

        if (help.Length == 0) return;
        buffer.Write("# HELP "u8);
        buffer.Write(name);
        buffer.Write((byte)' ');
        buffer.WriteEscaped(help, quotes: IsOpenMetrics);
        buffer.Write((byte)'\n');
    }

    private void WritePoint(MetricFamily family, MetricType type, in MetricPoint point, LabelSet labels)
    {
        switch (type)
        {
            case MetricType.LongSum:
            case MetricType.DoubleSum:
                WriteName(family.Name, "_total"u8, labels, null);
                if (type == MetricType.LongSum) buffer.Write(point.GetSumLong()); else buffer.Write(point.GetSumDouble());
                WriteExemplar(in point, type == MetricType.LongSum, double.NegativeInfinity, double.PositiveInfinity);
                break;
            case MetricType.LongSumNonMonotonic:
                WriteName(family.Name, default, labels, null);
                buffer.Write(point.GetSumLong());
                break;
            case MetricType.DoubleSumNonMonotonic:
                WriteName(family.Name, default, labels, null);
                buffer.Write(point.GetSumDouble());
                break;
            case MetricType.LongGauge:
                WriteName(family.Name, default, labels, null);
                buffer.Write(point.GetGaugeLastValueLong());
                break;
            case MetricType.DoubleGauge:
                WriteName(family.Name, default, labels, null);
                buffer.Write(point.GetGaugeLastValueDouble());
                break;
            default:
                WriteHistogram(family.Name, type, in point, labels);
                return;
        }

        buffer.Write((byte)'\n');
    }

    private void WriteHistogram(string name, MetricType type, in MetricPoint point, LabelSet labels)
    {
        long count = 0;
        var lower = double.NegativeInfinity;
        if (type == MetricType.Histogram)
        {
            foreach (var bucket in point.GetHistogramBuckets())
            {
                count += bucket.BucketCount;
                if (double.IsPositiveInfinity(bucket.ExplicitBound)) break;
                WriteBucket(name, in point, labels, lower, bucket.ExplicitBound, count);
                lower = bucket.ExplicitBound;
            }
        }

        // One made without buckets, or exponential ones, which neither text form can carry, has the last bucket only.
        if (count == 0) count = point.GetHistogramCount();
        WriteBucket(name, in point, labels, lower, double.PositiveInfinity, count);
        WriteName(name, "_sum"u8, labels, null);
        buffer.Write(point.GetHistogramSum());
        buffer.Write((byte)'\n');
        WriteName(name, "_count"u8, labels, null);
        buffer.Write(count);
        buffer.Write((byte)'\n');
    }

    private void WriteBucket(string name, in MetricPoint point, LabelSet labels, double lower, double upper, long count)
    {
        WriteName(name, "_bucket"u8, labels, upper);
        buffer.Write(count);
        WriteExemplar(in point, isLong: false, lower, upper);
        buffer.Write((byte)'\n');
    }

    private void WriteName(string name, ReadOnlySpan<byte> suffix, LabelSet labels, double? bound)
    {
        buffer.Write(name);
        buffer.Write(suffix);
        WriteLabels(labels, bound);
        buffer.Write((byte)' ');
    }

    private void WriteLabels(LabelSet labels, double? bound)
    {
        if (labels.Count == 0 && bound is null) return;
        buffer.Write((byte)'{');
        var first = true;
        foreach (var (key, value) in labels.All)
        {
            // A histogram's own label wins over a tag of that name.
            if (bound is not null && key == "le") continue;
            if (!first) buffer.Write((byte)',');
            first = false;
            buffer.Write(key);
            buffer.Write("=\""u8);
            buffer.WriteEscaped(value, quotes: true);
            buffer.Write((byte)'"');
        }

        if (bound is { } le)
        {
            buffer.Write(first ? "le=\""u8 : ",le=\""u8);
            buffer.Write(le);

            // OpenMetrics wants floats to look like floats; Prometheus text has always had the shortest form.
            if (IsOpenMetrics && double.IsInteger(le) && Math.Abs(le) < 1e15) buffer.Write(".0"u8);
            buffer.Write((byte)'"');
        }

        buffer.Write((byte)'}');
    }

    /// <summary>The last sampled trace whose value lies in (<paramref name="lower"/>, <paramref name="upper"/>], if there is one.</summary>
    private void WriteExemplar(in MetricPoint point, bool isLong, double lower, double upper)
    {
        if (!IsOpenMetrics || !point.TryGetExemplars(out var exemplars)) return;
        Exemplar found = default;
        var any = false;
        foreach (ref readonly var exemplar in exemplars)
        {
            var value = isLong ? exemplar.LongValue : exemplar.DoubleValue;
            if (exemplar.TraceId == default || !(value > lower && value <= upper)) continue;
            if (any && exemplar.Timestamp < found.Timestamp) continue;
            found = exemplar;
            any = true;
        }

        if (!any) return;
        buffer.Write(" # {trace_id=\""u8);
        buffer.Write(found.TraceId.ToHexString());
        buffer.Write("\",span_id=\""u8);
        buffer.Write(found.SpanId.ToHexString());
        buffer.Write("\"} "u8);
        if (isLong) buffer.Write(found.LongValue); else buffer.Write(found.DoubleValue);
        buffer.Write((byte)' ');
        var milliseconds = found.Timestamp.ToUnixTimeMilliseconds();
        buffer.Write(string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1000}.{milliseconds % 1000:000}"));
    }
}
