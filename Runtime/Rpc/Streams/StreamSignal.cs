using System.Threading.Tasks.Sources;

namespace Granary.Rpc;

/// <summary>
/// A wait that one side of a stream repeats, without allocating. States: idle -> armed (by the waiting side, under the buffer's lock) -> fired (by whoever moves it there first:
/// the other side, or the waiter's cancellation) -> idle (when the waiting side takes the result). Only who moved it to fired may complete it, outside the lock.
/// </summary>
internal sealed class StreamSignal(Lock gate) : IValueTaskSource<bool>
{
    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _registration;
    private bool _armed;
    private bool _taken = true;

    /// <summary>Begins a wait. Under the lock.</summary>
    /// <exception cref="InvalidOperationException">The one before has not ended: there are two of the side that may only be one.</exception>
    public ValueTask<bool> Arm(string side)
    {
        if (!_taken) throw new InvalidOperationException($"A stream has one {side} at a time; await each operation before the next.");
        _core.Reset();
        _armed = true;
        _taken = false;
        return new ValueTask<bool>(this, _core.Version);
    }

    /// <summary>Lets a token end the wait. Outside the lock, right after <see cref="Arm"/> and before anyone can take the result.</summary>
    public void CancelWith(CancellationToken cancellation)
    {
        if (cancellation.CanBeCanceled) _registration = cancellation.UnsafeRegister(static (signal, token) => ((StreamSignal)signal!).Cancel(token), this);
    }

    /// <summary>Claims the wait, if there is one. Under the lock; true obliges the caller to <see cref="Fire"/> after the lock.</summary>
    public bool TryDisarm()
    {
        var armed = _armed;
        _armed = false;
        return armed;
    }

    /// <summary>Ends the wait that was claimed.</summary>
    public void Fire(bool result) => _core.SetResult(result);

    bool IValueTaskSource<bool>.GetResult(short token)
    {
        // Waits for a cancellation callback that is running, so that it cannot hit the next wait.
        _registration.Dispose();
        _registration = default;
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            Volatile.Write(ref _taken, true);
        }
    }

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void Cancel(CancellationToken cancellation)
    {
        bool mine;
        lock (gate) mine = TryDisarm();
        if (mine) _core.SetException(new OperationCanceledException(cancellation));
    }
}
