using System.Diagnostics;
using System.Runtime.CompilerServices;
using Granary.Calls;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Granary.Engine.Activations;

/// <summary>
/// One activation of a grain: its mailbox and its turns. (Birth and death: <c>Activation.Lifecycle.cs</c>; what grain code sees: <c>Activation.Context.cs</c>.)
/// </summary>
/// <remarks>
/// Turn protocol. <c>_turn</c> is 0 (free) or 1 (owned); whoever moves it from 0 to 1 by compare-and-set owns the activation: everything marked [turn] is touched by the owner alone.
/// <code>
///   producer (any thread)           owner
///   1 push the item on _inbox       a take all of _inbox, oldest first; run continuations, start or park calls
///   2 if _turn is 0: CAS 0 -> 1,    b nothing left: exchange _turn to 0
///     on success schedule a turn    c _inbox not empty: CAS 0 -> 1, on success go to a
/// </code>
/// No item is left behind: the push (1) and the exchange (b) are full fences, so either the producer's read in 2 sees 0, or the owner's read in c sees the item.
/// No two owners: 0 -> 1 only by compare-and-set.
/// In-place turns: a caller that finds the activation free may own it and run its call on its own thread, when nothing waits, the call may start now, and the method's synchronous
/// part is known to be short (<see cref="TurnMeter"/>). It never runs others' work: what has arrived meanwhile is handed to the thread pool.
/// Continuations of grain code come back through <see cref="Post"/>; they are not calls and always run, also on an activation that is on its way out.
/// Allocation budget for a call: none.
/// </remarks>
internal sealed partial class Activation : CallTarget, IThreadPoolWorkItem
{
    /// <summary>After this many items the thread is given to others.</summary>
    private const int ItemsInOneGo = 128;

    /// <summary>In-place turns within in-place turns: bounds the stack.</summary>
    private const int MaxNesting = 8;

    /// <summary>Requests that neither keep others out nor wait for them. A stream is one: it may last for ever.</summary>
    private const CallFlags Interleaving = CallFlags.AlwaysInterleave | CallFlags.Stream;

    /// <summary>Two times share a word, since there are many activations: 38 bits of milliseconds are 8 years, and 26 bits of seconds 2.</summary>
    private const int BornBit = 38;

    private const long UsedMask = (1L << BornBit) - 1;

    [ThreadStatic]
    private static int t_nesting;

    private long _times; // written by the constructor and [turn]

    private int _turn;
    private int _accepted;
    private MailboxItem? _inbox;

    private Call? _waitingHead; // [turn] calls that may not start yet, oldest first
    private Call? _waitingTail;
    private int _running; // [turn] started and not finished
    private int _blocking; // [turn] of these, the ones that keep others out
    private int _readOnly; // [turn] of _blocking, the read-only ones

    internal Activation(GrainId grainId, GrainClass grainClass, SiloCore silo)
    {
        GrainId = grainId;
        Class = grainClass;
        Silo = silo;
        var now = silo.Now;
        _times = Math.Min(now / 1000, uint.MaxValue >> (BornBit - 32)) << BornBit | (now & UsedMask);
    }

    public GrainId GrainId { get; }

    /// <summary>What is known of the grain's class.</summary>
    internal GrainClass Class { get; }

    /// <summary>The silo it lives in.</summary>
    internal SiloCore Silo { get; }

    /// <summary>The request that has this object as its context (slot 0); null when free. [turn]</summary>
    internal Call? CurrentCall;

    /// <summary>Milliseconds of <see cref="SiloCore.Now"/> when a call last ended; coarse.</summary>
    internal long LastUsed
    {
        get => _times & UsedMask;
        private set => _times = (_times & ~UsedMask) | (value & UsedMask);
    }

    /// <summary>Seconds of <see cref="SiloCore.Now"/> when it was made.</summary>
    internal long BornAt => (long)((ulong)_times >> BornBit);

    /// <summary>Calls accepted and not started; a snapshot.</summary>
    internal int QueueLength => Volatile.Read(ref _accepted);

    /// <summary>Requests started and not finished; a snapshot.</summary>
    internal int RunningRequests => Volatile.Read(ref _running);

    internal override GrainId CallerId => GrainId;

    internal override Call? Request => CurrentCall;

    internal override IGrainContext GrainContext => this;

    internal override void SetCurrent(Call? call) => CurrentCall = call;

    /// <summary>
    /// Takes a call: runs it here and now where that is allowed, else queues it. False when this activation is gone and the call must go elsewhere; it is untouched then.
    /// </summary>
    internal bool TryDeliver(Call call)
    {
        call.IsolateOnce();
        if (State != ActivationState.Active) return TryEnqueueInTransition(call);

        var method = call.Method;
        if (method.Meter.IsShort && (method.Flags & (CallFlags.Stream | CallFlags.OneWay)) == 0 && t_nesting < MaxNesting
            && Volatile.Read(ref _turn) == 0 && Interlocked.CompareExchange(ref _turn, 1, 0) == 0)
        {
            if (_inbox is null && State == ActivationState.Active && MayStart(call))
            {
                RunInPlace(call);
                return true;
            }

            // Not allowed in place after all, but the turn is ours: hand both on.
            if (!Accept(call))
            {
                Schedule();
                return true;
            }

            call.Share();
            Push(call);
            Schedule();
            return true;
        }

        Enqueue(call);
        return true;
    }

    /// <summary>Queues a call, or refuses it when the mailbox is full.</summary>
    internal void Enqueue(Call call)
    {
        if (!Accept(call)) return;
        call.Share();
        Push(call);
        ScheduleIfFree();
    }

    /// <summary>Queues a continuation or a step of the engine. Never refused.</summary>
    internal void EnqueueItem(MailboxItem item)
    {
        Push(item);
        ScheduleIfFree();
    }

    public override void Post(SendOrPostCallback d, object? state) => EnqueueItem(new Continuation(d, state, this));

    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("A grain's context cannot be sent to synchronously; await instead.");

    public override SynchronizationContext CreateCopy() => this;

    internal override void OnInvoked(Call call)
    {
        call.FinishInvoke();
        Finished(call);
    }

    /// <summary>Ends the cancelled call's wait here, or tells its method; on the turn.</summary>
    internal void CancelOnTurn(Call call) => EnqueueItem(new CancelStep(call));

    /// <summary>The turn, on a thread of the pool. The caller has moved <c>_turn</c> to 1.</summary>
    void IThreadPoolWorkItem.Execute() => Execute(null);

    /// <summary>Takes up again what <see cref="TurnFence"/> set aside.</summary>
    internal void GoOn(MailboxItem? rest) => ThreadPool.UnsafeQueueUserWorkItem(static s => s.activation.Execute(s.rest), (activation: this, rest), preferLocal: false);

    private void Execute(MailboxItem? first)
    {
        SetSynchronizationContext(this);
        var end = Run(first);
        SetSynchronizationContext(null);
        if (end == TurnEnd.Yields) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>How a thread leaves a turn: the turn is free; still owned, others should have the thread first; set aside.</summary>
    private enum TurnEnd
    {
        Free,
        Yields,
        Frozen,
    }

    /// <summary>Runs what has arrived until nothing is left.</summary>
    /// <param name="first">What was taken from the inbox before, oldest first.</param>
    private TurnEnd Run(MailboxItem? first)
    {
        var budget = ItemsInOneGo;
        while (true)
        {
            for (var item = first ?? TakeInbox(); item is not null;)
            {
                var now = Environment.TickCount64;
                if (Silo.Fence.IsPassed(now))
                {
                    if (Silo.Fence.Freeze(this, item)) return TurnEnd.Frozen;
                    if (Silo.Fence.IsClosed)
                    {
                        Abandon(item);
                        break;
                    }
                }

                var next = item.NextItem;
                item.NextItem = null;
                Process(item, now);
                item = next;
                budget--;
            }

            first = null;
            StartWaiting();
            if (_inbox is not null)
            {
                if (budget <= 0) return TurnEnd.Yields;
                continue;
            }

            if (Release()) return TurnEnd.Free;
        }
    }

    /// <summary>[turn] The silo runs no turn any more: calls fail, the rest is dropped.</summary>
    private void Abandon(MailboxItem? item)
    {
        _leaving = null;
        while (item is not null)
        {
            var next = item.NextItem;
            item.NextItem = null;
            if (item is Call call)
            {
                Interlocked.Decrement(ref _accepted);
                call.Fail(TurnFence.Refusal());
                if (call.IsShared) call.ReleaseCallee();
            }

            item = next;
        }

        FailWaiting(TurnFence.Refusal());
    }

    /// <summary>Gives the turn up. False when something has arrived and the turn is ours again.</summary>
    private bool Release()
    {
        Interlocked.Exchange(ref _turn, 0);
        return Volatile.Read(ref _inbox) is null || Interlocked.CompareExchange(ref _turn, 1, 0) != 0;
    }

    private void Process(MailboxItem item, long now)
    {
        switch (item)
        {
            case Call call:
                if (_waitingHead is null && State == ActivationState.Active && MayStart(call)) StartAccepted(call, now);
                else Park(call, now);
                break;
            case TurnStep step:
                SetSynchronizationContext(step.Context ?? this);
                step.RunOnTurn(this);
                SetSynchronizationContext(this);
                break;
        }
    }

    private void Park(Call call, long now)
    {
        // Some may pass the ones that wait.
        if (State == ActivationState.Active && ((call.Method.Flags & Interleaving) != 0 || MayPass(call)))
        {
            StartAccepted(call, now);
            return;
        }

        if (_waitingTail is null) _waitingHead = call;
        else _waitingTail.NextItem = call;
        _waitingTail = call;
        if (State > ActivationState.Active) OnCallWhileLeaving();
    }

    /// <summary>Starts what waited and may start now, oldest first.</summary>
    private void StartWaiting()
    {
        while (_waitingHead is { } call && State == ActivationState.Active && MayStart(call))
        {
            var now = Environment.TickCount64;
            if (MustNotStart(now)) return;
            _waitingHead = (Call?)call.NextItem;
            if (_waitingHead is null) _waitingTail = null;
            call.NextItem = null;
            StartAccepted(call, now);
        }

        LeaveIfDone();
    }

    private void LeaveIfDone()
    {
        if (_leaving is not null && _running == 0 && !MustNotStart(Environment.TickCount64)) Leave();
    }

    /// <summary>[turn] Whether the silo may run nothing now. Then something is put into the mailbox, whose turn to be looked at decides what becomes of the activation.</summary>
    private bool MustNotStart(long now)
    {
        if (!Silo.Fence.IsPassed(now)) return false;
        EnqueueItem(new Continuation(static _ => { }, null, this));
        return true;
    }

    private void StartAccepted(Call call, long now)
    {
        Interlocked.Decrement(ref _accepted);
        if (call.IsClaimed)
        {
            // Timed out or cancelled while it waited: never runs.
            RecordNotStarted(call);
            call.ReleaseCallee();
            return;
        }

        if (call.Deadline <= now)
        {
            Silo.Metrics.Expired();
            call.OnDeadline();
            RecordNotStarted(call);
            call.ReleaseCallee();
            return;
        }

        if (call.EnqueuedAt != 0) Silo.Metrics.QueueDelay(Stopwatch.GetElapsedTime(call.EnqueuedAt));
        Start(call);
        ExecutionContextScope.Clear();
    }

    /// <summary>Whether the rules let the call run beside what runs now.</summary>
    private bool MayStart(Call call)
    {
        if (_blocking == 0) return true;
        var flags = call.Method.Flags;
        if ((flags & Interleaving) != 0) return true;
        if ((flags & CallFlags.ReadOnly) != 0 && _readOnly == _blocking) return true;
        return MayPass(call);
    }

    /// <summary>The class's or the call chain's own permission.</summary>
    private bool MayPass(Call call)
    {
        if (Class.IsReentrant) return true;
        if (Class.MayInterleave is { } mayInterleave && mayInterleave(Instance, call)) return true;
        return _extras is { } extras && call.Context is { } context && context.ReentrancyId != Guid.Empty && extras.IsReentrantFor(context.ReentrancyId);
    }

    /// <summary>Starts a call on this turn.</summary>
    private void Start(Call call)
    {
        CallTarget slot = CurrentCall is null ? this : new InterleavedTurn(this);
        slot.SetCurrent(call);
        call.Turn = slot;
        _running++;
        if ((call.Method.Flags & Interleaving) == 0)
        {
            _blocking++;
            if ((call.Method.Flags & CallFlags.ReadOnly) != 0) _readOnly++;
        }

        if (slot != this) SetSynchronizationContext(slot);
        ExecutionContextScope.Enter(call);
        bool done;
        if (Silo.Calls is { } calls && Class.NumberOf(call.Method, calls) is var number && number != GrainClass.NotRecorded)
        {
            done = InvokeRecorded(call, calls, number);
        }
        else if (call.Method.Meter.ShouldSample())
        {
            var started = Stopwatch.GetTimestamp();
            done = Invoke(call);
            call.Method.Meter.Record(Stopwatch.GetTimestamp() - started);
        }
        else
        {
            done = Invoke(call);
        }

        if (slot != this) SetSynchronizationContext(this);
        if (done) Finished(call);
    }

    private bool Invoke(Call call) => Class.HasFilters || Silo.IsObserved ? InvokeObserved(call) : call.Start(Instance);

    /// <summary>A started request has ended (its outcome is given): makes room. [turn]</summary>
    private void Finished(Call call)
    {
        if ((call.Method.Flags & CallFlags.Background) == 0) LastUsed = Silo.Now;
        _running--;
        if ((call.Method.Flags & Interleaving) == 0)
        {
            _blocking--;
            if ((call.Method.Flags & CallFlags.ReadOnly) != 0) _readOnly--;
        }

        call.Turn!.SetCurrent(null);
        if (call.Span is { } span)
        {
            call.Span = null;
            EngineTelemetry.End(span, call.Failure);
        }

        if (call.StartedAt != 0) RecordEnd(call);
        if (call.Failure is { } failure) OnFailed(call, failure);
        if (call.IsShared) call.ReleaseCallee();
    }

    private void OnFailed(Call call, Exception failure)
    {
        if (Silo.Calls is { } calls && Class.NumberOf(call.Method, calls) is var number && number != GrainClass.NotRecorded) calls.Failed(number, failure);
        if (call.IsOneWay) Silo.Log.OneWayFailed(call.Method.FullName, GrainId, failure);
        if (failure is InconsistentStateException && _extras is { HasStaleState: true })
            RequestDeactivation(new DeactivationReason(DeactivationReasonCode.ApplicationError, failure, "The grain's state was changed by someone else; the next activation reads it anew."));
    }

    private void RunInPlace(Call call)
    {
        var context = SynchronizationContext.Current;
        var ambient = ExecutionContextScope.Leave();
        t_nesting++;
        SetSynchronizationContext(this);
        Start(call);
        LeaveIfDone();
        SetSynchronizationContext(context);
        t_nesting--;
        ExecutionContextScope.Return(ambient);
        // Others' work is for other threads.
        if (_waitingHead is not null && State == ActivationState.Active && MayStart(_waitingHead)) Schedule();
        else if (!Release()) Schedule();
    }

    private bool Accept(Call call)
    {
        var waiting = Interlocked.Increment(ref _accepted);
        if (waiting >= LongMailboxes.Least) Silo.LongMailboxes.Note(this, waiting);
        if (waiting <= Silo.MaxQueuedCalls) return true;
        Interlocked.Decrement(ref _accepted);
        Silo.Metrics.Rejected();
        call.Fail(new LimitExceededException($"{GrainId} has {Silo.MaxQueuedCalls} calls waiting; the call {call.Method.FullName} was refused. Call it less often, make its methods shorter, or raise Granary:Engine:MaxQueuedCallsPerActivation."));
        RecordNotStarted(call);
        if (call.IsShared) call.ReleaseCallee();
        return false;
    }

    private void Push(MailboxItem item)
    {
        if (item is Call call && (Silo.Metrics.SampleQueueDelay() || (Silo.Calls is { } calls && calls.Watches(GrainId)))) call.EnqueuedAt = Stopwatch.GetTimestamp();
        MailboxItem? head;
        do
        {
            head = Volatile.Read(ref _inbox);
            item.NextItem = head;
        }
        while (Interlocked.CompareExchange(ref _inbox, item, head) != head);
    }

    /// <summary>Takes everything that has arrived, oldest first.</summary>
    private MailboxItem? TakeInbox()
    {
        if (_inbox is null) return null;
        var item = Interlocked.Exchange(ref _inbox, null);
        MailboxItem? oldest = null;
        while (item is not null)
        {
            var next = item.NextItem;
            item.NextItem = oldest;
            oldest = item;
            item = next;
        }

        return oldest;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ScheduleIfFree()
    {
        if (Volatile.Read(ref _turn) == 0 && Interlocked.CompareExchange(ref _turn, 1, 0) == 0) Schedule();
    }

    private void Schedule() => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
}

/// <summary>Something the engine or grain code does on an activation's turn that is not a call.</summary>
internal abstract class TurnStep : MailboxItem
{
    /// <summary>The turn slot it belongs to; null for the activation's own.</summary>
    internal virtual SynchronizationContext? Context => null;

    internal abstract void RunOnTurn(Activation activation);
}

/// <summary>A continuation of grain code.</summary>
internal sealed class Continuation(SendOrPostCallback callback, object? state, SynchronizationContext context) : TurnStep
{
    internal override SynchronizationContext? Context => context;

    internal override void RunOnTurn(Activation activation)
    {
        try
        {
            callback(state);
        }
        catch (Exception error)
        {
            // async void, or a callback posted by hand: nobody awaits it.
            activation.Silo.OnUnobserved(activation, error);
        }

        ExecutionContextScope.Clear();
    }
}

/// <summary>Tells a call's method that nobody waits for it any more.</summary>
internal sealed class CancelStep(Call call) : TurnStep
{
    internal override void RunOnTurn(Activation activation)
    {
        try
        {
            call.CancelCallee();
        }
        catch (Exception error)
        {
            activation.Silo.OnUnobserved(activation, error);
        }
    }
}

/// <summary>The context of a request that runs beside others on the same activation, so that its deadline and caller stay its own.</summary>
internal sealed class InterleavedTurn(Activation activation) : CallTarget
{
    private Call? _current;

    internal override GrainId CallerId => activation.GrainId;

    internal override Call? Request => _current;

    internal override IGrainContext GrainContext => activation;

    internal override void SetCurrent(Call? call) => _current = call;

    public override void Post(SendOrPostCallback d, object? state) => activation.EnqueueItem(new Continuation(d, state, this));

    public override void Send(SendOrPostCallback d, object? state) => activation.Send(d, state);

    public override SynchronizationContext CreateCopy() => this;

    internal override void OnInvoked(Call call) => activation.OnInvoked(call);
}
