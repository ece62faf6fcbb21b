using Granary.Hosting;
using Microsoft.Extensions.Options;

namespace Granary.Engine.Management;

/// <summary>
/// Measures how long work waits for a thread: a timer queues a piece of work like any other (its own callback runs before all of them), so how late that is is the queue delay. One that is overdue
/// by more than the limit means overload at once, without waiting for it to run. What a measurement means, <see cref="QueueDelayRule"/> decides.
/// </summary>
internal sealed class OverloadProbe : IDisposable
{
    private readonly ProcessCore _process;
    private readonly long _limitMs;
    private readonly QueueDelayRule _rule;
    private readonly Timer _timer;
    private long _due;
    private double _delayMs;

    public OverloadProbe(ProcessCore process, IOptions<EngineOptions> options)
    {
        _process = process;
        var limit = options.Value.OverloadQueueDelay;
        _limitMs = limit > TimeSpan.Zero ? (long)limit.TotalMilliseconds : 0;
        _rule = new QueueDelayRule(_limitMs);
        _due = Environment.TickCount64 + QueueDelayRule.PeriodMs;
        SetLimit(_due);
        // The real clock, whatever clock the grains have: threads wait in real time.
        using (ExecutionContext.SuppressFlow())
            _timer = new Timer(static probe => ThreadPool.UnsafeQueueUserWorkItem(static p => p.OnTick(), (OverloadProbe)probe!, preferLocal: false), this, QueueDelayRule.PeriodMs, Timeout.Infinite);
    }

    /// <summary>How long a work item waits for a thread, milliseconds; smoothed.</summary>
    internal double DelayMs => Volatile.Read(ref _delayMs);

    internal bool IsOverloaded => _process.IsOverloaded(Environment.TickCount64);

    public void Dispose() => _timer.Dispose();

    private void OnTick()
    {
        var now = Environment.TickCount64;
        var delay = Math.Max(0, now - _due);
        _delayMs = _delayMs == 0 ? delay : (_delayMs * 0.75) + (delay * 0.25);
        // Overloaded until one is in time again.
        var isOverloaded = _rule.Observe(now, delay, out var period);
        _due = now + period;
        SetLimit(isOverloaded ? now : _due);
        _process.Metrics.ThreadDelay(delay);
        _timer.Change(period, Timeout.Infinite);
    }

    private void SetLimit(long from) => Volatile.Write(ref _process.OverloadedAfter, _limitMs == 0 ? long.MaxValue : from == _due ? _due + _limitMs : from - 1);
}
