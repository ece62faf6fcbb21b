using System.Diagnostics;
using OpenTelemetry;

namespace Granary.Telemetry.Traces;

/// <summary>
/// Stands before the export: passes on what was sampled, holds what was not, and passes that on too, marked as sampled and tagged with the reason, when its trace shows in this process that it is worth it.
/// Memory is bounded by <see cref="TailKeepOptions.MaxSpans"/>. A trace is whole within a process: what other processes did for it is kept there if it failed or was slow there.
/// </summary>
internal sealed class TailKeepProcessor : CompositeProcessor<Activity>
{
    /// <summary>Says on an exported span why it is there although it was not sampled: <c>error</c> or <c>slow</c>.</summary>
    internal const string ReasonTag = "granary.kept";

    // A few locks, so that calls on all cores seldom meet at one.
    private readonly TailKeepShard[] _shards = new TailKeepShard[8];
    private readonly TailKeepMetrics _metrics;

    internal TailKeepProcessor(BaseProcessor<Activity> export, TailKeepOptions options, TailKeepMetrics metrics)
        : base([export])
    {
        _metrics = metrics;
        for (var i = 0; i < _shards.Length; i++) _shards[i] = new TailKeepShard(options.MaxSpans / _shards.Length, options.SlowerThan);
    }

    public override void OnStart(Activity data)
    {
        base.OnStart(data);
        if (data.Recorded || ShardOf(data).Begin(data) is not { } early) return;
        _metrics.Evicted();
        Decide(early);
    }

    public override void OnEnd(Activity data)
    {
        if (data.Recorded) base.OnEnd(data);
        else if (ShardOf(data).End(data) is { } trace) Decide(trace);
    }

    private TailKeepShard ShardOf(Activity span) => _shards[span.TraceId.GetHashCode() & (_shards.Length - 1)];

    private void Decide(HeldTrace trace)
    {
        if (trace.Reason is not { } reason) return;
        _metrics.Kept(reason);
        foreach (var span in trace.Ended)
        {
            span.ActivityTraceFlags |= ActivityTraceFlags.Recorded;
            span.SetTag(ReasonTag, reason);
            base.OnEnd(span);
        }
    }
}
