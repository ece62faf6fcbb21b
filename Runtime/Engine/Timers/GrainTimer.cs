using Granary.Engine.Activations;
using Orleans.Runtime;

namespace Granary.Engine.Timers;

/// <summary>
/// A timer of one activation. Each tick is a call in the activation's mailbox, so it obeys the same rules as requests; the next one is set when the last has ended.
/// </summary>
/// <remarks>
/// States, under the lock:
/// <code>
///   waiting    the clock runs; OnDue takes it to ticking
///   ticking    the one tick object is in the mailbox or runs; its end takes it to waiting, with the period or with what Change asked for meanwhile
///   disposed   from either, for good: a tick in the mailbox is claimed so that it never runs, a running one has its token cancelled
/// </code>
/// A tick that reaches an activation which is gone was claimed before (deactivation disposes timers first), so it is dropped and not sent on.
/// </remarks>
internal sealed class GrainTimer : IGrainTimer
{
    // Timers of the platform reach 49 days; longer ones are set again.
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(45);

    private readonly Lock _lock = new();
    private readonly Activation _activation;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly CancellationTokenSource _stopped = new();
    private readonly TimerTick _tick;
    private readonly ITimer _clock;
    private TimeSpan _due;
    private TimeSpan _period;
    private TimeSpan _left;
    private bool _isTicking;
    private bool _isChanged;
    private bool _isDisposed;

    internal GrainTimer(Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options, TimeProvider time)
    {
        Check(options.DueTime, nameof(options.DueTime));
        Check(options.Period, nameof(options.Period));
        _activation = activation;
        _callback = callback;
        _due = options.DueTime;
        _period = options.Period;
        _tick = new TimerTick(this, TimerTick.MethodOf(options));
        // The clock must not keep the request context of the turn that makes it.
        using (ExecutionContext.SuppressFlow())
            _clock = time.CreateTimer(static timer => ((GrainTimer)timer!).OnDue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Sets the clock, unless the activation takes no timers any more.</summary>
    internal void Begin()
    {
        if (!_activation.Extras.AddTimer(this))
        {
            Dispose();
            return;
        }

        lock (_lock) SetClock(_due);
    }

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        Check(dueTime, nameof(dueTime));
        Check(period, nameof(period));
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _due = dueTime;
            _period = period;
            if (_isTicking) _isChanged = true;
            else SetClock(dueTime);
        }
    }

    public void Dispose()
    {
        bool isTicking;
        lock (_lock)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            isTicking = _isTicking;
        }

        _clock.Dispose();
        _activation.Extras.RemoveTimer(this);
        // Claimed, a tick that waits never runs, and the outcome of one that runs is nobody's.
        if (isTicking) _tick.TryClaim();
        _stopped.Cancel();
    }

    /// <summary>On the grain's turn: the callback. Its errors are logged; the timer goes on.</summary>
    internal async ValueTask RunAsync()
    {
        if (_isDisposed) return;
        try
        {
            await _callback(_stopped.Token);
        }
        catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
        {
            // Asked to stop, it stopped.
        }
        catch (Exception error)
        {
            _activation.Silo.Log.TimerFailed(_activation.GrainId, error);
        }
    }

    /// <summary>The tick object is free again.</summary>
    internal void OnTickEnded()
    {
        lock (_lock)
        {
            _isTicking = false;
            if (_isDisposed) return;
            SetClock(_isChanged ? _due : _period);
            _isChanged = false;
        }
    }

    private static void Check(TimeSpan value, string name)
    {
        if (value < TimeSpan.Zero && value != Timeout.InfiniteTimeSpan)
            throw new ArgumentOutOfRangeException(name, value, "A time is zero or more, or Timeout.InfiniteTimeSpan for never.");
    }

    private void SetClock(TimeSpan delay)
    {
        if (delay == Timeout.InfiniteTimeSpan)
        {
            _left = TimeSpan.Zero;
            _clock.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return;
        }

        var now = delay > s_longest ? s_longest : delay;
        _left = delay - now;
        _clock.Change(now, Timeout.InfiniteTimeSpan);
    }

    private void OnDue()
    {
        lock (_lock)
        {
            if (_isDisposed || _isTicking) return;
            if (_left > TimeSpan.Zero)
            {
                SetClock(_left);
                return;
            }

            _isTicking = true;
            _tick.Arm(_activation.GrainId);
        }

        _activation.Enqueue(_tick);
    }
}
