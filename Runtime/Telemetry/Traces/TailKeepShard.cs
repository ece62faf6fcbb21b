using System.Diagnostics;
using Granary.Rpc;

namespace Granary.Telemetry.Traces;

/// <summary>
/// A part of the traces that wait for their end. A trace is decided on when no span of it is open in this process any more: kept whole when one of them failed or was slow, else dropped whole. Thread-safe.
/// </summary>
/// <param name="most">Spans to hold, open ones included.</param>
/// <param name="slow">The length from which a span is slow.</param>
internal sealed class TailKeepShard(int most, TimeSpan slow)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ActivityTraceId, HeldTrace> _traces = [];
    private readonly LinkedList<HeldTrace> _byAge = [];
    private int _held;

    /// <summary>A span has begun. Returns a trace that had to be decided on to make room, or null.</summary>
    internal HeldTrace? Begin(Activity span)
    {
        lock (_lock)
        {
            if (!_traces.TryGetValue(span.TraceId, out var trace))
            {
                trace = new HeldTrace(span.TraceId);
                _traces.Add(trace.Id, trace);
                _byAge.AddLast(trace.Node);
            }

            trace.Open++;
            trace.Begun++;
            if (++_held <= most) return null;
            var oldest = _byAge.First!.Value;
            Forget(oldest);
            return oldest;
        }
    }

    /// <summary>A span has ended. Returns its trace if that is decided on now: with a reason if it is to be kept.</summary>
    internal HeldTrace? End(Activity span)
    {
        var reason = span.Status == ActivityStatusCode.Error ? "error" : span.Duration >= slow && span.GetTagItem(RpcSpan.StreamTag) is null ? "slow" : null;
        lock (_lock)
        {
            if (!_traces.TryGetValue(span.TraceId, out var trace))
            {
                // Its trace was decided on while it was open; it speaks for itself.
                trace = new HeldTrace(span.TraceId) { Reason = reason };
                trace.Ended.Add(span);
                return trace;
            }

            trace.Ended.Add(span);
            trace.Reason ??= reason;
            if (--trace.Open > 0) return null;
            Forget(trace);
            return trace;
        }
    }

    private void Forget(HeldTrace trace)
    {
        _traces.Remove(trace.Id);
        _byAge.Remove(trace.Node);
        _held -= trace.Begun;
    }
}
