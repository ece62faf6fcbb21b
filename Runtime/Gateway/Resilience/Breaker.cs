using System.Numerics;

namespace Granary.Gateway.Resilience;

/// <summary>Where a breaker is.</summary>
public enum BreakerState
{
    /// <summary>Calls are made, and their outcomes counted.</summary>
    Closed,

    /// <summary>Some calls are made to see how they end; the others are refused.</summary>
    HalfOpen,

    /// <summary>Calls are refused.</summary>
    Open,
}

/// <summary>How a call ended, as far as a breaker is concerned.</summary>
internal enum BreakerOutcome
{
    /// <summary>The target answered; be it that the caller was wrong.</summary>
    Success,

    /// <summary>The target failed.</summary>
    Failure,

    /// <summary>Nothing was learnt: the caller went away, or asked for too little time.</summary>
    Unknown,
}

/// <summary>Lets a call be made; its outcome is to be told to <see cref="Breaker.End"/>.</summary>
/// <param name="Generation">Of the breaker when it was given: what began before a change of state says nothing about the time after it.</param>
/// <param name="IsProbe">Whether it is a try.</param>
internal readonly record struct BreakerPermit(int Generation, bool IsProbe);

/// <summary>
/// A circuit breaker over a sliding window of ten slices. Allocates nothing for a call. Thread-safe: all that follows happens under its lock, but for letting calls through while it is closed.
/// </summary>
/// <remarks>
/// <code>
///   closed     -> open       a failure, when the window has MinimumCalls calls, FailureRatio of them failed, and not all failures are of one caller among several
///   open       -> half-open  the first call after OpenTime, which is a probe
///   half-open  -> open       a probe failed
///              -> closed     Probes probes succeeded; the window begins empty
///   any        -> closed     Reset
/// </code>
/// In half-open at most Probes probes are under way or have succeeded; one whose outcome is unknown makes room for another. Each move begins a generation, and outcomes of calls of an earlier one count nothing.
/// </remarks>
internal sealed class Breaker(string name, BreakerOptions options, TimeProvider time, Action<Breaker, int, int>? moved = null)
{
    private const int Slices = 10;

    private readonly Lock _lock = new();
    private readonly Slice[] _slices = new Slice[Slices];
    private readonly long _slice = Math.Max(1, (long)(options.Window.TotalSeconds * time.TimestampFrequency / Slices));
    private readonly long _openTime = (long)(options.OpenTime.TotalSeconds * time.TimestampFrequency);
    private volatile BreakerState _state;
    private volatile int _generation;
    private long _until;
    private int _probing;
    private int _succeeded;

    /// <summary>The method's full name.</summary>
    public string Name { get; } = name;

    public BreakerState State => _state;

    /// <summary>When it last moved; null if never.</summary>
    public DateTimeOffset? Since { get; private set; }

    /// <summary>Calls and failures in the window.</summary>
    public (int Calls, int Failures) Counts
    {
        get
        {
            lock (_lock)
            {
                var (calls, failures, _, _) = Sum(time.GetTimestamp());
                return (calls, failures);
            }
        }
    }

    /// <summary>Whether a call may be made.</summary>
    /// <param name="permit">For its end.</param>
    /// <param name="retryAfter">When not: when to try again.</param>
    public bool TryEnter(out BreakerPermit permit, out TimeSpan retryAfter)
    {
        retryAfter = TimeSpan.Zero;

        // The generation is read first: a move in between makes the call count nothing, rather than count for what it is not.
        permit = new BreakerPermit(_generation, false);
        if (_state == BreakerState.Closed) return true;
        lock (_lock)
        {
            var now = time.GetTimestamp();
            if (_state == BreakerState.Closed)
            {
                permit = new BreakerPermit(_generation, false);
                return true;
            }

            if (_state == BreakerState.Open)
            {
                retryAfter = time.GetElapsedTime(now, _until);
                if (now < _until) return false;
                Move(BreakerState.HalfOpen);
            }

            if (_probing + _succeeded >= options.Probes)
            {
                // Until the probes have ended, which takes as long as a call.
                retryAfter = TimeSpan.FromSeconds(1);
                return false;
            }

            _probing++;
            permit = new BreakerPermit(_generation, true);
            return true;
        }
    }

    /// <summary>A call that was let through has ended.</summary>
    /// <param name="permit">Of <see cref="TryEnter"/>.</param>
    /// <param name="outcome">How.</param>
    /// <param name="caller">A hash of who called.</param>
    public void End(BreakerPermit permit, BreakerOutcome outcome, int caller)
    {
        if (outcome == BreakerOutcome.Unknown && !permit.IsProbe) return;
        lock (_lock)
        {
            if (permit.Generation != _generation) return;
            if (permit.IsProbe)
            {
                _probing--;
                if (outcome == BreakerOutcome.Failure) Open();
                else if (outcome == BreakerOutcome.Success && ++_succeeded >= options.Probes) Move(BreakerState.Closed);
                return;
            }

            var now = time.GetTimestamp();
            var epoch = now / _slice;
            ref var slice = ref _slices[epoch % Slices];
            if (slice.Epoch != epoch) slice = new Slice { Epoch = epoch };
            slice.Calls++;
            slice.Callers |= 1UL << (caller & 63);
            if (outcome != BreakerOutcome.Failure) return;
            slice.Failures++;
            slice.Failing |= 1UL << (caller & 63);
            var (calls, failures, callers, failing) = Sum(now);
            if (calls < options.MinimumCalls || failures < calls * options.FailureRatio) return;

            // Whoever has found a way to make calls fail does not close the method for everybody else.
            if (BitOperations.PopCount(failing) < Math.Min(2, BitOperations.PopCount(callers))) return;
            Open(calls, failures);
        }
    }

    /// <summary>Closes it, whatever it has seen.</summary>
    public void Reset()
    {
        lock (_lock) Move(BreakerState.Closed);
    }

    private void Open(int calls = 0, int failures = 0)
    {
        _until = time.GetTimestamp() + _openTime;
        Move(BreakerState.Open, calls, failures);
    }

    private void Move(BreakerState to, int calls = 0, int failures = 0)
    {
        _generation++;
        (_probing, _succeeded) = (0, 0);
        Array.Clear(_slices);
        Since = time.GetUtcNow();
        var before = _state;
        _state = to;
        if (before != to) moved?.Invoke(this, calls, failures);
    }

    private (int Calls, int Failures, ulong Callers, ulong Failing) Sum(long now)
    {
        var oldest = (now / _slice) - Slices + 1;
        var (calls, failures, callers, failing) = (0, 0, 0UL, 0UL);
        foreach (ref var slice in _slices.AsSpan())
        {
            if (slice.Epoch < oldest) continue;
            calls += slice.Calls;
            failures += slice.Failures;
            callers |= slice.Callers;
            failing |= slice.Failing;
        }

        return (calls, failures, callers, failing);
    }

    private struct Slice
    {
        public long Epoch;
        public int Calls;
        public int Failures;

        // Who: a bit for each, as far as 64 bits tell them apart.
        public ulong Callers;
        public ulong Failing;
    }
}
