using System.Diagnostics.Metrics;

namespace Granary.Telemetry.Traces;

/// <summary>How many traces were kept at their end, and how many had to be judged before it.</summary>
internal sealed class TailKeepMetrics
{
    internal const string MeterName = "Granary.Telemetry";

    private readonly Counter<long> _kept;
    private readonly Counter<long> _evicted;

    public TailKeepMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _kept = meter.CreateCounter<long>("granary.telemetry.traces.kept", "{trace}", "Traces that were not sampled and are sent all the same, by the reason.");
        _evicted = meter.CreateCounter<long>("granary.telemetry.traces.evicted", "{trace}", "Traces judged before their end, since more spans were held than may be.");
    }

    /// <param name="reason"><c>error</c> or <c>slow</c>.</param>
    internal void Kept(string reason) => _kept.Add(1, new KeyValuePair<string, object?>("granary.kept", reason));

    internal void Evicted() => _evicted.Add(1);
}
