using System.Diagnostics;
using System.Runtime.CompilerServices;
using Granary.Calls;
using Granary.Statistics;

namespace Granary.Engine.Activations;

/// <summary>Calls that are counted and timed for the dashboard (<see cref="CallRecorder"/>). All on the turn.</summary>
internal sealed partial class Activation
{
    /// <summary>Runs a call that is counted. One that ends here at once and is not timed costs two additions to this thread's own counts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool InvokeRecorded(Call call, CallRecorder calls, int number)
    {
        var counts = calls.OfThread;
        if (counts.Begin(number) || call.Method.Meter.NeedsSample || calls.Watches(GrainId)) return InvokeTimed(call, calls, counts, number);
        if (Invoke(call))
        {
            counts.EndedAtOnce(number);
            return true;
        }

        // Its continuation comes to this turn, so nobody ends it before this is written. What it did before it began to wait is short, or it would have been timed.
        call.StartedAt = Stopwatch.GetTimestamp();
        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool InvokeTimed(Call call, CallRecorder calls, CallSlab counts, int number)
    {
        var started = Stopwatch.GetTimestamp();
        var done = Invoke(call);
        var now = Stopwatch.GetTimestamp();
        call.Method.Meter.Record(now - started);
        if (done) calls.EndedAtOnce(counts, number, started, now, Facts(call));
        else call.StartedAt = started;
        return done;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void RecordEnd(Call call)
    {
        var started = call.StartedAt;
        call.StartedAt = 0;
        if (Silo.Calls is { } calls) calls.EndedLater(Class.NumberOf(call.Method, calls), started, Stopwatch.GetTimestamp(), Facts(call));
    }

    /// <summary>A call that the mailbox refused, or whose caller gave up before its turn came: it counts as one that failed.</summary>
    private void RecordNotStarted(Call call)
    {
        if (Silo.Calls is not { } calls || call.Failure is not { } failure || Class.NumberOf(call.Method, calls) is var number && number == GrainClass.NotRecorded) return;
        var counts = calls.OfThread;
        counts.Begin(number);
        counts.EndedAtOnce(number);
        calls.Failed(number, failure);
    }

    private CallFacts Facts(Call call) => new(GrainId, call.SourceId, call.EnqueuedAt, call.TraceParent.TraceId, call.Failure);
}
