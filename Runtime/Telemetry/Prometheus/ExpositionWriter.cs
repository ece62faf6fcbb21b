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
                WritePoint(family, source, in point, labels);
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

    private void WritePoint(MetricFamily family, MetricSource source, in MetricPoint point, LabelSet labels)
    {
        var type = source.Metric.MetricType;
        if (MetricFamily.TypeOf(type) == FamilyType.Histogram)
        {
            WriteHistogram(family.Name, source, in point, labels);
            return;
        }

        var isCounter = MetricFamily.TypeOf(type) == FamilyType.Counter;
        WriteName(family.Name, isCounter ? "_total"u8 : default, labels, null);
        var isLong = type is MetricType.LongSum or MetricType.LongSumNonMonotonic or MetricType.LongGauge;
        if (isLong) Write(type == MetricType.LongGauge ? point.GetGaugeLastValueLong() : point.GetSumLong(), source.Divisor);
        else Write(type == MetricType.DoubleGauge ? point.GetGaugeLastValueDouble() : point.GetSumDouble(), source.Divisor);
        if (isCounter) WriteExemplar(in point, source.Divisor, isLong, double.NegativeInfinity, double.PositiveInfinity);
        buffer.Write((byte)'\n');
    }

    private void Write(long value, double divisor)
    {
        if (divisor == 1) buffer.Write(value); else buffer.Write(value / divisor);
    }

    private void Write(double value, double divisor) => buffer.Write(value / divisor);

    private void WriteHistogram(string name, MetricSource source, in MetricPoint point, LabelSet labels)
    {
        long count = 0;
        var lower = double.NegativeInfinity;
        if (source.Metric.MetricType == MetricType.Histogram)
        {
            foreach (var bucket in point.GetHistogramBuckets())
            {
                count += bucket.BucketCount;
                if (double.IsPositiveInfinity(bucket.ExplicitBound)) break;
                WriteBucket(name, source.Divisor, in point, labels, lower, bucket.ExplicitBound, count);
                lower = bucket.ExplicitBound;
            }
        }

        // One made without buckets, or exponential ones, which neither text form can carry, has the last bucket only.
        if (count == 0) count = point.GetHistogramCount();
        WriteBucket(name, source.Divisor, in point, labels, lower, double.PositiveInfinity, count);
        WriteName(name, "_sum"u8, labels, null);
        Write(point.GetHistogramSum(), source.Divisor);
        buffer.Write((byte)'\n');
        WriteName(name, "_count"u8, labels, null);
        buffer.Write(count);
        buffer.Write((byte)'\n');
    }

    private void WriteBucket(string name, double divisor, in MetricPoint point, LabelSet labels, double lower, double upper, long count)
    {
        WriteName(name, "_bucket"u8, labels, upper / divisor);
        buffer.Write(count);
        WriteExemplar(in point, divisor, isLong: false, lower, upper);
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
    private void WriteExemplar(in MetricPoint point, double divisor, bool isLong, double lower, double upper)
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
        if (isLong) Write(found.LongValue, divisor); else Write(found.DoubleValue, divisor);
        buffer.Write((byte)' ');
        var milliseconds = found.Timestamp.ToUnixTimeMilliseconds();
        buffer.Write(string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1000}.{milliseconds % 1000:000}"));
    }
}
