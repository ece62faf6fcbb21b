using Granary.Calls;
using Granary.Engine.Activations;
using Granary.Engine.Transport;
using Orleans;
using Orleans.Runtime;

namespace Granary.Engine.Observers;

/// <summary>
/// One observer object: its calls run on the thread pool, one at a time in the order of arrival, but for always-interleaving ones, which run at once.
/// The object is held weakly, so that a caller who forgets it does not keep it for ever.
/// </summary>
internal sealed class LocalObserver(ProcessCore process, GrainId grainId, IGrainObserver target) : ICallHolder
{
    private const int MaxQueuedCalls = 10_000;

    private readonly Lock _lock = new();
    private readonly WeakReference<IGrainObserver> _target = new(target);
    private readonly Queue<Call> _waiting = new();
    private bool _isRunning;

    internal IGrainObserver? Target => _target.TryGetTarget(out var target) ? target : null;

    internal ProcessCore Process => process;

    /// <summary>Takes a call; false when the object is gone.</summary>
    internal bool TryDeliver(Call call)
    {
        if (Target is not { } target) return false;
        call.Holder = this;
        call.Share();
        if ((call.Method.Flags & CallFlags.AlwaysInterleave) != 0)
        {
            Schedule(call, target, isSerial: false);
            return true;
        }

        lock (_lock)
        {
            if (_isRunning)
            {
                if (_waiting.Count < MaxQueuedCalls)
                {
                    _waiting.Enqueue(call);
                    return true;
                }
            }
            else
            {
                _isRunning = true;
                Schedule(call, target, isSerial: true);
                return true;
            }
        }

        call.Fail(new LimitExceededException($"The observer {grainId} has {MaxQueuedCalls} calls waiting; the call {call.Method.FullName} was refused. Make the observer's methods shorter."));
        call.ReleaseCallee();
        return true;
    }

    /// <summary>The caller gave up: the method's token is cancelled.</summary>
    public void Cancel(Call call) => ThreadPool.UnsafeQueueUserWorkItem(static call => call.CancelCallee(), call, preferLocal: false);

    /// <summary>A call that ran alone has ended: the next one runs.</summary>
    internal void OnFinished()
    {
        while (true)
        {
            Call next;
            lock (_lock)
            {
                if (!_waiting.TryDequeue(out next!))
                {
                    _isRunning = false;
                    return;
                }
            }

            if (next.IsClaimed)
            {
                next.ReleaseCallee();
                continue;
            }

            if (Target is { } target)
            {
                Schedule(next, target, isSerial: true);
                return;
            }

            next.Fail(new ClientNotAvailableException(grainId));
            next.ReleaseCallee();
        }
    }

    private void Schedule(Call call, IGrainObserver target, bool isSerial) =>
        ThreadPool.UnsafeQueueUserWorkItem(new ObserverTurn(this, call, target, isSerial), preferLocal: false);
}

/// <summary>One call of an observer while it runs. It holds the object. Continuations go to the thread pool.</summary>
internal sealed class ObserverTurn : CallTarget, IThreadPoolWorkItem
{
    private readonly LocalObserver _observer;
    private readonly IGrainObserver _target;
    private readonly bool _isSerial;
    private Call? _call;

    internal ObserverTurn(LocalObserver observer, Call call, IGrainObserver target, bool isSerial)
    {
        _observer = observer;
        _call = call;
        _target = target;
        _isSerial = isSerial;
    }

    internal override GrainId CallerId => _observer.Process.ClientId;

    internal override Call? Request => _call;

    internal override IGrainContext? GrainContext => null;

    internal override void SetCurrent(Call? call) => _call = call;

    void IThreadPoolWorkItem.Execute()
    {
        var call = _call!;
        call.Turn = this;
        SetSynchronizationContext(this);
        ExecutionContextScope.Enter(call);
        var done = call.Start(_target);
        SetSynchronizationContext(null);
        ExecutionContextScope.Clear();
        if (done) Finish(call);
    }

    public override void Post(SendOrPostCallback d, object? state) => ThreadPool.UnsafeQueueUserWorkItem(
        static s =>
        {
            SetSynchronizationContext(s.turn);
            s.d(s.state);
            SetSynchronizationContext(null);
            ExecutionContextScope.Clear();
        },
        (turn: this, d, state),
        preferLocal: false);

    public override void Send(SendOrPostCallback d, object? state) => d(state);

    public override SynchronizationContext CreateCopy() => this;

    internal override void OnInvoked(Call call)
    {
        call.FinishInvoke();
        Finish(call);
    }

    private void Finish(Call call)
    {
        _call = null;
        if (call.Failure is { } failure && call.IsOneWay) _observer.Process.Log.OneWayFailed(call.Method.FullName, call.TargetId, failure);
        call.ReleaseCallee();
        if (_isSerial) _observer.OnFinished();
    }
}
