namespace Granary.Calls;

/// <summary>
/// Deadlines of pending calls: a hashed timing wheel of intrusive lists, so that a call needs no timer of its own and adding and removing one allocates nothing.
/// </summary>
/// <remarks>
/// A call is in at most one bucket. <c>Call.WheelBucket</c> (-1 outside) changes only under that bucket's lock, by three parties: the caller's side that adds it, whoever completes the
/// call and removes it, and the wheel that takes it out when it is due. <see cref="Remove"/> returns false when the wheel was first; the wheel's thread then still holds the call, which must not be reused.
/// Resolution is one tick (<see cref="TickMs"/>): a call fires at its deadline or up to two ticks later, never before.
/// The thread parks when it has seen the wheel empty for a while; an adder that finds it parked wakes it.
/// </remarks>
internal sealed class TimingWheel : IDisposable
{
    internal const int TickMs = 16;
    private const int Slots = 512;
    private const int IdleTicksBeforeParking = 64;

    private readonly Bucket[] _buckets;
    private readonly int _shardMask;
    private readonly AutoResetEvent _wake = new(initialState: false);
    private readonly Thread _thread;
    private int _count;
    private volatile bool _parked;
    private volatile bool _stopped;

    internal TimingWheel()
    {
        var shards = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(Environment.ProcessorCount, 1, 16));
        _shardMask = shards - 1;
        _buckets = new Bucket[shards * Slots];
        _thread = new Thread(Run) { IsBackground = true, Name = "granary-deadlines" };
        _thread.UnsafeStart();
    }

    /// <summary>Pending entries; for tests and metrics.</summary>
    internal int Count => Volatile.Read(ref _count);

    /// <summary>Adds a call that is in no bucket. Its <see cref="Call.Deadline"/> must not change while it is in.</summary>
    internal void Add(Call call)
    {
        var slot = (int)(call.Deadline / TickMs) & (Slots - 1);
        var index = ((Thread.GetCurrentProcessorId() & _shardMask) * Slots) + slot;
        ref var bucket = ref _buckets[index];
        Interlocked.Increment(ref _count);
        bucket.Enter();
        call.WheelPrevious = null;
        call.WheelNext = bucket.Head;
        if (bucket.Head is { } head) head.WheelPrevious = call;
        bucket.Head = call;
        Volatile.Write(ref call.WheelBucket, index);
        bucket.Exit();
        if (_parked) _wake.Set();
    }

    /// <summary>Takes a call out. False when it is not in: never added, or taken by the wheel, which may be about to fire it.</summary>
    internal bool Remove(Call call)
    {
        var index = Volatile.Read(ref call.WheelBucket);
        if (index < 0) return false;
        ref var bucket = ref _buckets[index];
        bucket.Enter();
        var present = call.WheelBucket == index;
        if (present) Unlink(ref bucket, call);
        bucket.Exit();
        if (present) Interlocked.Decrement(ref _count);
        return present;
    }

    public void Dispose()
    {
        _stopped = true;
        _wake.Set();
    }

    private static void Unlink(ref Bucket bucket, Call call)
    {
        if (call.WheelPrevious is { } previous) previous.WheelNext = call.WheelNext;
        else bucket.Head = call.WheelNext;
        if (call.WheelNext is { } next) next.WheelPrevious = call.WheelPrevious;
        call.WheelNext = null;
        call.WheelPrevious = null;
        Volatile.Write(ref call.WheelBucket, -1);
    }

    private void Run()
    {
        // Continuations of timed-out calls must not run on this thread.
        SynchronizationContext.SetSynchronizationContext(HopContext.Instance);
        var last = Environment.TickCount64 / TickMs;
        var idle = 0;
        while (!_stopped)
        {
            if (idle >= IdleTicksBeforeParking)
            {
                _parked = true;
                Interlocked.MemoryBarrier(); // the count is read after the flag is seen by adders
                if (Volatile.Read(ref _count) == 0) _wake.WaitOne();
                _parked = false;
                idle = 0;
                last = (Environment.TickCount64 / TickMs) - Slots; // what was added while parked may be anywhere
            }
            else
            {
                _wake.WaitOne(TickMs);
            }

            var now = Environment.TickCount64;
            var tick = now / TickMs;
            for (var t = Math.Max(last, tick - Slots + 1); t <= tick; t++) Fire((int)t & (Slots - 1), now);
            last = tick; // the current tick's slot is visited again: its later part is not due yet
            idle = Volatile.Read(ref _count) == 0 ? idle + 1 : 0;
        }
    }

    private void Fire(int slot, long now)
    {
        for (var shard = 0; shard <= _shardMask; shard++)
        {
            ref var bucket = ref _buckets[(shard * Slots) + slot];
            if (Volatile.Read(ref bucket.Head) is null) continue;
            Call? due = null;
            var taken = 0;
            bucket.Enter();
            for (var call = bucket.Head; call is not null;)
            {
                var next = call.WheelNext;
                if (call.Deadline <= now)
                {
                    Unlink(ref bucket, call);
                    call.WheelNext = due;
                    due = call;
                    taken++;
                }

                call = next;
            }

            bucket.Exit();
            Interlocked.Add(ref _count, -taken);
            while (due is not null)
            {
                var call = due;
                due = call.WheelNext;
                call.WheelNext = null;
                call.OnDeadline();
            }
        }
    }

    private struct Bucket
    {
        internal Call? Head;
        private int _locked;

        internal void Enter()
        {
            if (Interlocked.CompareExchange(ref _locked, 1, 0) == 0) return;
            var spin = default(SpinWait);
            do
            {
                spin.SpinOnce();
            }
            while (Interlocked.CompareExchange(ref _locked, 1, 0) != 0);
        }

        // An exchange and not a plain write: Add reads the parked flag after it.
        internal void Exit() => Interlocked.Exchange(ref _locked, 0);
    }
}

/// <summary>
/// The context of engine threads that complete calls: while it is current, awaiting code resumes on the thread pool (or on its own context) instead of on the engine's thread.
/// </summary>
internal sealed class HopContext : SynchronizationContext
{
    internal static readonly HopContext Instance = new();

    public override void Post(SendOrPostCallback d, object? state) => ThreadPool.UnsafeQueueUserWorkItem(static s => s.d(s.state), (d, state), preferLocal: false);

    public override void Send(SendOrPostCallback d, object? state) => d(state);

    public override SynchronizationContext CreateCopy() => this;
}
