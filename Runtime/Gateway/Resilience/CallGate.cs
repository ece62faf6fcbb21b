using Granary.Rpc;

namespace Granary.Gateway.Resilience;

/// <summary>Lets so many calls through at a time, and so many more wait for a bounded time. Thread-safe; without a lock while nobody waits.</summary>
/// <remarks>A waiter is let through by whoever leaves or raises the limit, or sent away when its time is up or a newer one needs its place. Each is decided under the lock, once.</remarks>
internal sealed class CallGate : IDisposable
{
    private static readonly TimeSpan s_sweep = TimeSpan.FromMilliseconds(10);

    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter>[] _waiting = [new(), new(), new()];
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly int _queue;
    private readonly bool _newestFirst;
    private volatile int _limit;
    private volatile int _waiters;
    private int _underWay;
    private int _peak;
    private bool _sweeps;

    /// <param name="time">The clock.</param>
    /// <param name="limit">Calls at a time.</param>
    /// <param name="queue">How many may wait.</param>
    /// <param name="newestFirst">Whether the newest waiter goes first, and the oldest is sent away when there is no room: under overload the oldest is the one whose caller gives up next.</param>
    public CallGate(TimeProvider time, int limit, int queue, bool newestFirst)
    {
        (_time, _limit, _queue, _newestFirst) = (time, limit, queue, newestFirst);
        using (ExecutionContext.SuppressFlow()) _timer = time.CreateTimer(static gate => ((CallGate)gate!).Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public int Limit
    {
        get => _limit;
        set
        {
            _limit = value;
            if (_waiters > 0) LetThrough();
        }
    }

    public int UnderWay => Volatile.Read(ref _underWay);

    public int Waiting => _waiters;

    /// <summary>The most calls that were under way since this was last asked.</summary>
    public int TakePeak() => Interlocked.Exchange(ref _peak, UnderWay);

    /// <summary>Lets a call through if there is room; <see cref="Leave"/> must follow.</summary>
    public bool TryEnter(CallPriority priority) => (_newestFirst || _waiters == 0) && Enter(priority);

    /// <summary>Waits for room. False when there was none in time; else <see cref="Leave"/> must follow.</summary>
    public Task<bool> WaitAsync(CallPriority priority, TimeSpan patience)
    {
        var waiter = new Waiter(_time.GetTimestamp() + (long)(patience.TotalSeconds * _time.TimestampFrequency));
        Waiter? sentAway = null;
        lock (_lock)
        {
            if (_waiters >= _queue)
            {
                sentAway = _newestFirst && _queue > 0 ? TakeLeast(priority) : null;
                if (sentAway is null) return Task.FromResult(false);
            }

            _waiting[(int)priority].AddLast(waiter);
            _waiters++;
            if (!_sweeps)
            {
                _sweeps = true;
                _timer.Change(s_sweep, s_sweep);
            }
        }

        sentAway?.End(false);

        // Someone may have left between the look at the limit and now.
        LetThrough();
        return waiter.Done.Task;
    }

    public void Leave()
    {
        Interlocked.Decrement(ref _underWay);
        if (_waiters > 0) LetThrough();
    }

    public void Dispose()
    {
        _timer.Dispose();
        List<Waiter> all;
        lock (_lock)
        {
            all = [.. _waiting.SelectMany(w => w)];
            foreach (var waiting in _waiting) waiting.Clear();
            _waiters = 0;
        }

        foreach (var waiter in all) waiter.End(false);
    }

    private int LimitOf(CallPriority priority)
    {
        var limit = _limit;
        return priority switch
        {
            CallPriority.High => limit > int.MaxValue / 2 ? int.MaxValue : limit + Math.Max(1, limit / 4),
            CallPriority.Batch => Math.Max(1, limit / 2),
            _ => limit,
        };
    }

    private bool Enter(CallPriority priority)
    {
        var limit = LimitOf(priority);
        while (true)
        {
            var before = Volatile.Read(ref _underWay);
            if (before >= limit) return false;
            if (Interlocked.CompareExchange(ref _underWay, before + 1, before) != before) continue;
            if (before + 1 > Volatile.Read(ref _peak)) Volatile.Write(ref _peak, before + 1);
            return true;
        }
    }

    private void LetThrough()
    {
        var now = _time.GetTimestamp();
        while (true)
        {
            Waiter? next = null;
            var enters = false;
            lock (_lock)
            {
                for (var priority = 0; priority < _waiting.Length; priority++)
                {
                    var waiting = _waiting[priority];
                    if (waiting.Count == 0) continue;
                    var first = _newestFirst ? waiting.Last! : waiting.First!;

                    // When the threads have more to do than the sweep can wait for, too.
                    enters = first.Value.Until > now;
                    if (enters && !Enter((CallPriority)priority)) return;
                    next = Remove(waiting, first);
                    break;
                }
            }

            if (next is null) return;
            next.End(enters);
        }
    }

    // The oldest of those who matter least, if they matter no more than this one.
    private Waiter? TakeLeast(CallPriority priority)
    {
        for (var least = _waiting.Length - 1; least >= (int)priority; least--)
        {
            if (_waiting[least].First is { } oldest) return Remove(_waiting[least], oldest);
        }

        return null;
    }

    private Waiter Remove(LinkedList<Waiter> waiting, LinkedListNode<Waiter> node)
    {
        waiting.Remove(node);
        _waiters--;
        return node.Value;
    }

    private void Sweep()
    {
        List<Waiter>? late = null;
        var now = _time.GetTimestamp();
        lock (_lock)
        {
            foreach (var waiting in _waiting)
            {
                for (var node = waiting.First; node is not null;)
                {
                    var following = node.Next;
                    if (node.Value.Until <= now) (late ??= []).Add(Remove(waiting, node));
                    node = following;
                }
            }

            if (_waiters == 0)
            {
                _sweeps = false;
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }

        if (late is null) return;
        foreach (var waiter in late) waiter.End(false);
    }

    private sealed class Waiter(long until) : IThreadPoolWorkItem
    {
        private bool _enters;

        public long Until { get; } = until;

        public TaskCompletionSource<bool> Done { get; } = new();

        // Behind all other work of the process. Among the work of this thread, as continuations are by default, those who waited would run one after the other before anything that has newly arrived is looked at.
        public void End(bool enters)
        {
            _enters = enters;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        void IThreadPoolWorkItem.Execute() => Done.SetResult(_enters);
    }
}
