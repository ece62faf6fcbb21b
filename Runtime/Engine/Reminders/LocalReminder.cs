using Orleans;

namespace Granary.Engine.Reminders;

/// <summary>A reminder that this silo runs: waits for the next tick, delivers it, waits again. Ticks do not overlap; one that is missed because the last took too long is left out.</summary>
internal sealed class LocalReminder : IDisposable
{
    // Timers of the platform reach 49 days; longer ones are set again.
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(45);

    private readonly Lock _lock = new();
    private readonly Func<LocalReminder, DateTime, Task> _deliver;
    private readonly TimeProvider _time;
    private readonly ITimer _clock;
    private DateTime _next;
    private bool _isDisposed;

    internal LocalReminder(ReminderEntry entry, Func<LocalReminder, DateTime, Task> deliver, TimeProvider time)
    {
        Entry = entry;
        _deliver = deliver;
        _time = time;
        using (ExecutionContext.SuppressFlow())
            _clock = time.CreateTimer(static reminder => ((LocalReminder)reminder!).OnClock(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        ReminderMetrics.Running(1);
        SetClock();
    }

    internal ReminderEntry Entry { get; }

    internal bool IsDisposed => _isDisposed;

    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            _isDisposed = true;
        }

        ReminderMetrics.Running(-1);
        _clock.Dispose();
    }

    /// <summary>The first tick at or after an instant.</summary>
    internal static DateTime NextTick(DateTime start, TimeSpan period, DateTime now)
    {
        if (now <= start) return start;
        var passed = (now - start).Ticks / period.Ticks;
        var tick = start + (period * passed);
        return tick < now ? tick + period : tick;
    }

    private void SetClock()
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            var now = _time.GetUtcNow().UtcDateTime;
            // A tick that has been delivered is not delivered again, however exact the clock.
            var after = _next == default ? now : new DateTime(Math.Max(now.Ticks, _next.Ticks + 1), DateTimeKind.Utc);
            _next = NextTick(Entry.StartAt, Entry.Period, after);
            Wait(now);
        }
    }

    private void Wait(DateTime now)
    {
        var delay = _next - now;
        // The clock may run a little early; rounded up, it does not.
        _clock.Change(delay > s_longest ? s_longest : TimeSpan.FromMilliseconds(Math.Ceiling(Math.Max(0, delay.TotalMilliseconds))), Timeout.InfiniteTimeSpan);
    }

    private void OnClock()
    {
        lock (_lock)
        {
            if (_isDisposed) return;
            var now = _time.GetUtcNow().UtcDateTime;
            if (now < _next)
            {
                Wait(now);
                return;
            }
        }

        _ = TickAsync();
    }

    private async Task TickAsync()
    {
        var now = _time.GetUtcNow().UtcDateTime;
        ReminderMetrics.Due(now - _next);
        await _deliver(this, now);
        SetClock();
    }
}
