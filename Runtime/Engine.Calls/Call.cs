using System.Diagnostics;
using System.Runtime.CompilerServices;
using Granary.Codec;
using Orleans.Runtime;

namespace Granary.Calls;

/// <summary>
/// One call: its arguments (fields of the generated subclass), where it goes, and its outcome. The same object serves the caller's side and, for a grain of this process, the callee's;
/// a call that arrives over a connection is another object there.
/// </summary>
/// <remarks>
/// Life. Rented by a proxy, it is <i>unshared</i>: one thread has it, and a turn that runs on that thread and finishes without waiting completes it with plain writes
/// (<see cref="InlineDone"/>). Before anyone else can see it (it waits in a mailbox, on the network, or for its method) <see cref="Share"/> registers its deadline and the caller's token.
/// From then on:
/// <code>
///   Claimed     set once, by compare-and-set: the claimant alone gives the outcome (callee, deadline, caller's cancellation, lost connection, router)
///   CallerDone  the caller has taken the outcome, or there is no caller here (arrived over a connection, one-way)
///   CalleeDone  nobody will run, finish or look at it any more on the other side
///   Tainted     a timer or a token callback may still hold it: it is left to the garbage collector
/// </code>
/// Whoever sets the second of CallerDone and CalleeDone recycles it. So a call that timed out while its method runs on is not reused before the method ends, and a late
/// finish of the method finds Claimed set and changes nothing.
/// Allocation budget: none for a pooled call that completes inline with a ValueTask; one Task otherwise.
/// </remarks>
public abstract class Call : MailboxItem
{
    private protected const int Claimed = 1;
    private protected const int CallerDone = 2;
    private protected const int CalleeDone = 4;
    private protected const int Tainted = 8;
    private protected const int Shared = 16;
    private protected const int InlineDone = 32;

    /// <summary>No deadline.</summary>
    internal const long NoDeadline = long.MaxValue;

    private protected int State;

    // The wheel's.
    internal Call? WheelNext;
    internal Call? WheelPrevious;
    internal int WheelBucket = -1;

    private CancellationTokenRegistration _registration;
    private CancellationTokenSource? _calleeCancellation;
    private Call? _runsFor;
    private protected Exception? Error;

    /// <summary>What the method's attributes say.</summary>
    public abstract CallMethod Method { get; }

    /// <summary>The token the method gets: cancelled, on the callee's turn, when the caller cancels or the deadline passes. Made on first use.</summary>
    public CancellationToken CancellationToken => _runsFor?.CancellationToken ?? (_calleeCancellation ??= new CancellationTokenSource()).Token;

    /// <summary>The number of arguments, without the cancellation token.</summary>
    public virtual int ArgumentCount => 0;

    /// <summary>The grain called.</summary>
    internal GrainId TargetId;

    /// <summary>The router that sent it; null for a call that arrived over a connection.</summary>
    internal CallRouter? Router;

    /// <summary>When it must have ended, in milliseconds of <see cref="Environment.TickCount64"/>.</summary>
    internal long Deadline = NoDeadline;

    /// <summary>Whether someone up the chain chose the deadline, so that nested calls inherit it also where they leave the grain's context.</summary>
    internal bool DeadlineIsExplicit;

    /// <summary>The caller's request context, exported; null when empty.</summary>
    internal RequestContextData? Context;

    /// <summary>The caller's token.</summary>
    internal CancellationToken CallerToken;

    /// <summary>The grain or client that calls.</summary>
    internal GrainId SourceId;

    /// <summary>Where the outcome goes when the caller is not in this process; null when it is.</summary>
    internal CallSink? Sink;

    /// <summary>On the caller's side: who has the call now, an activation or a connection. For cancellation.</summary>
    internal object? Holder;

    /// <summary>The number of the call on <see cref="Holder"/> (caller's side) or on <see cref="Sink"/> (callee's side).</summary>
    internal ulong Correlation;

    /// <summary>On the callee's side: the turn slot it runs in.</summary>
    internal CallTarget? Turn;

    /// <summary>The trace parent that arrived with it, or the caller's current one.</summary>
    internal ActivityContext TraceParent;

    /// <summary>The callee's span, when anyone listens.</summary>
    internal Activity? Span;

    /// <summary>The caller's span, when anyone listens.</summary>
    internal Activity? ClientSpan;

    /// <summary>How often it has been sent on because the grain was elsewhere.</summary>
    internal byte Hops;

    /// <summary>How often it has been sent again after the connection it was in flight on broke.</summary>
    internal byte Repeats;

    /// <summary>The receiver must activate the grain if it has none: a placement decision travels with the call.</summary>
    internal bool PlaceHere;

    /// <summary>Nobody else can change the arguments: they were copied, or read from the wire.</summary>
    internal bool ArgumentsAreOurs;

    /// <summary>When it was put in a mailbox (<see cref="Stopwatch"/> ticks), for the queue delay metric; 0 when not measured.</summary>
    internal long EnqueuedAt;

    /// <summary>When its method began (<see cref="Stopwatch"/> ticks), while a call that is counted waits; else 0.</summary>
    internal long StartedAt;

    internal bool IsClaimed => (Volatile.Read(ref State) & (Claimed | InlineDone)) != 0;

    internal bool IsInlineDone => (State & InlineDone) != 0;

    internal bool IsShared => (State & Shared) != 0;

    internal bool HasCaller => Sink is null && (State & CallerDone) == 0;

    internal bool IsOneWay => (Method.Flags & CallFlags.OneWay) != CallFlags.None;

    /// <summary>The error that ended a call whose sink or filter is being told; null after success.</summary>
    internal Exception? Failure => Error;

    /// <summary>Replaces mutable arguments by deep copies, so that the caller's later changes are not seen. Generated where there are any.</summary>
    public virtual void IsolateArguments()
    {
    }

    /// <summary>Isolates the arguments of a call that stays in this process; the second time does nothing.</summary>
    internal void IsolateOnce()
    {
        if (ArgumentsAreOurs) return;
        ArgumentsAreOurs = true;
        IsolateArguments();
    }

    /// <summary>Writes the request message without the key: arguments from field 2 on.</summary>
    public abstract void WriteArguments(ref WireWriter w);

    /// <summary>Reads the request message; a key in field 1 is skipped.</summary>
    public abstract void ReadArguments(ref WireReader r);

    /// <summary>An argument, for call filters.</summary>
    public virtual object? GetArgument(int i) => throw new ArgumentOutOfRangeException(nameof(i));

    /// <summary>Changes an argument, for call filters.</summary>
    public virtual void SetArgument(int i, object? v) => throw new ArgumentOutOfRangeException(nameof(i));

    /// <summary>This runs in the place of another one: whoever cancels that one cancels the token this one's method gets.</summary>
    internal void RunFor(Call other) => _runsFor = other;

    /// <summary>Clears the argument fields and returns this to its pool.</summary>
    protected abstract void ReturnToPool();

    /// <summary>
    /// On the callee's turn: runs the method. True when it has finished and the call is completed; false when it waits, then <see cref="CallTarget.OnInvoked"/> follows on the same turn context.
    /// </summary>
    internal abstract bool Start(object target);

    /// <summary>On the callee's turn, from <see cref="CallTarget.OnInvoked"/>: takes the method's outcome and completes the call.</summary>
    internal abstract void FinishInvoke();

    /// <summary>Runs the method for a filter chain: the outcome is kept, not yet given to the caller.</summary>
    internal abstract ValueTask InvokeForFilters(object target);

    /// <summary>The outcome so far, for filters.</summary>
    internal abstract object? FilterResult { get; set; }

    /// <summary>Completes the call with what the filters left.</summary>
    internal abstract void CompleteFromFilters();

    /// <summary>Sends a copy that outgoing filters let through and waits for its result, boxed.</summary>
    internal abstract Task<object?> SendAndWait(CallRouter router, GrainProxy? target);

    /// <summary>Ends a one-way call that has been handed on.</summary>
    internal void WithoutResult()
    {
        if (TryClaim()) Detach();
    }

    /// <summary>Makes this a copy of a call that filters have passed: same target, deadline and token.</summary>
    internal void PrepareLike(Call original)
    {
        TargetId = original.TargetId;
        Router = original.Router;
        Deadline = original.Deadline;
        DeadlineIsExplicit = original.DeadlineIsExplicit;
        SourceId = original.SourceId;
        TraceParent = original.TraceParent;
        CallerToken = original.CallerToken;
    }

    /// <summary>Completes the caller's side from a reply message.</summary>
    internal abstract void CompleteFromReply(ref WireReader r);

    /// <summary>Writes the reply message of a completed call for its sink.</summary>
    internal abstract void WriteReply(ref WireWriter w);

    /// <summary>Ends the call with an error, unless it has ended. True when this ended it.</summary>
    internal bool Fail(Exception error)
    {
        if (!IsShared)
        {
            Error = error;
            State |= InlineDone;
            return true;
        }

        if (!TryClaim()) return false;
        Error = error;
        Detach();
        if (Sink is { } sink) sink.OnCompleted(this);
        else SignalError(error);
        return true;
    }

    /// <summary>Gives the caller the error of a claimed call.</summary>
    private protected abstract void SignalError(Exception error);

    /// <summary>
    /// Makes the call visible to others: registers the deadline and the caller's token. From here on it may end at any time. Idempotent.
    /// </summary>
    internal void Share()
    {
        if ((State & Shared) != 0) return;
        State |= Shared;
        if (Deadline != NoDeadline) ShareDeadline();
        if (CallerToken.CanBeCanceled) ShareToken();
    }

    /// <summary>Whether the caller's side has not given the outcome yet; the winner must give it.</summary>
    internal bool TryClaim()
    {
        while (true)
        {
            var state = Volatile.Read(ref State);
            if ((state & Claimed) != 0) return false;
            if (Interlocked.CompareExchange(ref State, state | Claimed, state) == state) return true;
        }
    }

    /// <summary>Ends the part that this process has in a call that goes on elsewhere. False when the call has ended already.</summary>
    internal bool TryTake()
    {
        if (!TryClaim()) return false;
        Detach();
        return true;
    }

    /// <summary>Recycles a call that nobody else has seen: it arrived over a connection and ended before it was shared, or never began.</summary>
    internal void Discard() => Recycle();

    /// <summary>The claimant takes the deadline and the token back. What is firing at this moment still holds the call: it is tainted.</summary>
    private protected void Detach()
    {
        if (!IsShared) return;
        var clean = true;
        if (Deadline != NoDeadline && Router is not null) clean = Router.Deadlines.Remove(this);
        else if (Deadline != NoDeadline && Sink is not null) clean = Sink.Deadlines.Remove(this);
        if (CallerToken.CanBeCanceled) clean &= _registration.Unregister();
        if (!clean) Taint();
        if (Sink is null && Method.HasStreamArgument) CloseStreams();
    }

    /// <summary>Makes the streams among the arguments readable from other processes. The call keeps them reachable.</summary>
    internal void BindStreams(Orleans.IGrainFactory grains)
    {
        for (var i = 0; i < ArgumentCount; i++) (GetArgument(i) as Rpc.IRpcStream)?.Bind(grains);
    }

    /// <summary>
    /// Reads the arguments back as they were sent. Streams stay the caller's own objects: a stream that is read is only a reference to the caller's, which it would not keep alive.
    /// </summary>
    internal void RestoreArguments(ref WireReader r)
    {
        if (!Method.HasStreamArgument)
        {
            ReadArguments(ref r);
            return;
        }

        var ours = new Rpc.IRpcStream?[ArgumentCount];
        for (var i = 0; i < ours.Length; i++) ours[i] = GetArgument(i) as Rpc.IRpcStream;
        try
        {
            ReadArguments(ref r);
        }
        finally
        {
            for (var i = 0; i < ours.Length; i++)
            {
                if (ours[i] is { } stream) SetArgument(i, stream);
            }
        }

        // Whoever ended the call meanwhile has closed the streams it saw, which may have been those just read.
        if (IsClaimed) CloseStreams();
    }

    /// <summary>The call has ended: nobody reads its streams any more.</summary>
    private void CloseStreams()
    {
        for (var i = 0; i < ArgumentCount; i++) (GetArgument(i) as Rpc.IRpcStream)?.Close();
    }

    internal void Taint() => Interlocked.Or(ref State, Tainted);

    /// <summary>The caller needs it no more.</summary>
    internal void ReleaseCaller()
    {
        if (ClientSpan is not null) EndClientSpan();
        if ((Interlocked.Or(ref State, CallerDone) & (CalleeDone | CallerDone)) == CalleeDone) Recycle();
    }

    /// <summary>The other side needs it no more.</summary>
    internal void ReleaseCallee()
    {
        if ((Interlocked.Or(ref State, CalleeDone) & (CalleeDone | CallerDone)) == CallerDone) Recycle();
    }

    /// <summary>Says that nobody here waits for the outcome: a call off a connection, or one-way.</summary>
    internal void WithoutCaller() => State |= CallerDone;

    /// <summary>The wheel's thread: the deadline has passed.</summary>
    internal void OnDeadline()
    {
        Taint();
        if (!TryClaim()) return;
        if (Sink is null) CallMetrics.TimedOut();
        var error = new TimeoutException($"The call {Method.FullName} to {TargetId} did not end before its deadline. The grain may be busy, waiting or slow; where it legitimately takes longer, set [ResponseTimeout] or [RpcMethod(Deadline)] on the method, or MessagingOptions.ResponseTimeout.");
        End(error);
    }

    /// <summary>The caller's token fired.</summary>
    private void OnCallerCancelled()
    {
        Taint();
        if (!TryClaim()) return;
        CallMetrics.Cancelled();
        End(new OperationCanceledException($"The caller cancelled the call {Method.FullName} to {TargetId}.", CallerToken));
    }

    private void End(Exception error)
    {
        Error = error;
        Detach();
        var router = Router;
        if (Sink is { } sink)
        {
            sink.OnCompleted(this);
            sink.CancelHere(this);
        }
        else
        {
            router!.CancelAtTarget(this);
            SignalError(error);
        }
    }

    /// <summary>On the callee's turn: tells the method, if it asked for a token.</summary>
    internal void CancelCallee() => _calleeCancellation?.Cancel();

    /// <summary>Marks a call cancelled over a connection: it ends as such if it has not ended.</summary>
    internal void OnRemoteCancel()
    {
        Taint();
        if (!TryClaim()) return;
        End(new OperationCanceledException($"The caller cancelled the call {Method.FullName} to {TargetId}."));
    }

    private protected void Recycle()
    {
        if (ClientSpan is not null) EndClientSpan();
        if ((State & Tainted) != 0) return;
        Router = null;
        Deadline = NoDeadline;
        DeadlineIsExplicit = false;
        Context = null;
        CallerToken = default;
        _registration = default;
        _calleeCancellation = null;
        _runsFor = null;
        Sink = null;
        Holder = null;
        Turn = null;
        TargetId = default;
        SourceId = default;
        TraceParent = default;
        Span = null;
        Error = null;
        Hops = 0;
        Repeats = 0;
        PlaceHere = false;
        ArgumentsAreOurs = false;
        EnqueuedAt = 0;
        NextItem = null;
        ResetOutcome();
        State = 0;
        ReturnToPool();
    }

    private protected abstract void ResetOutcome();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EndClientSpan()
    {
        var span = ClientSpan!;
        ClientSpan = null;
        if (Error is not null) Rpc.RpcSpan.Fail(span, Error);
        span.Stop();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ShareDeadline()
    {
        if (Router is not null) Router.Deadlines.Add(this);
        else Sink?.Deadlines.Add(this);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ShareToken()
    {
        // A token that is cancelled already runs the callback here and now.
        var registration = CallerToken.UnsafeRegister(static s => ((Call)s!).OnCallerCancelled(), this);
        _registration = registration;
        // Claimed in between: the claimant saw no registration to take back.
        if ((Volatile.Read(ref State) & Claimed) != 0) registration.Unregister();
    }

    /// <summary>The caller's side starts: remembers target and token, and refuses a token that is cancelled already.</summary>
    private protected bool Prepare(GrainProxy target, CancellationToken cancellation)
    {
        TargetId = target.GrainId;
        Router = target.Router;
        if (cancellation.CanBeCanceled)
        {
            CallerToken = cancellation;
            if (cancellation.IsCancellationRequested)
            {
                Fail(new OperationCanceledException($"The caller had cancelled before the call {Method.FullName}.", cancellation));
                return false;
            }
        }

        return true;
    }
}

/// <summary>Takes the outcome of calls whose caller is at the other end of a connection.</summary>
internal abstract class CallSink
{
    /// <summary>Deadlines of calls that arrived here.</summary>
    internal abstract TimingWheel Deadlines { get; }

    /// <summary>The silo at the other end; null when a client is.</summary>
    internal virtual Orleans.Runtime.SiloAddress? PeerSilo => null;

    /// <summary>The call has ended, with <see cref="Call.Failure"/> or a result that <see cref="Call.WriteReply"/> writes now. On the callee's turn, or on the thread that ended it.</summary>
    internal abstract void OnCompleted(Call call);

    /// <summary>A stream's current item is ready; <paramref name="item"/> writes it. False when the other end is gone.</summary>
    internal abstract bool OnItem(Call call, StreamItemWriter item);

    /// <summary>The grain is not here: the call has not run and goes back to its sender, arguments and all, with the owner if one is known.</summary>
    internal abstract void OnMoved(Call call, Orleans.Runtime.SiloAddress? owner, bool placeThere);

    /// <summary>The call was ended from outside while it may be running here: cancels its token on its turn.</summary>
    internal abstract void CancelHere(Call call);
}

/// <summary>Writes the message of a stream's current item.</summary>
internal delegate void StreamItemWriter(Call call, ref WireWriter w);
