namespace Granary.Rpc;

/// <summary>
/// The moment by which the current call must have ended. It flows with the call: to the grain, to the calls the grain makes, to every silo on the way.
/// Thread-safe; a value set in an async method is seen by what that method calls, and not by its caller.
/// </summary>
public static class RpcDeadline
{
    private static readonly AsyncLocal<long> s_current = new();

    /// <summary>The deadline in the milliseconds of <see cref="Environment.TickCount64"/>; 0 when there is none.</summary>
    public static long Current
    {
        get => s_current.Value;
        set
        {
            // Setting an AsyncLocal to what it is still copies the execution context.
            if (s_current.Value != value) s_current.Value = value;
        }
    }

    /// <summary>The time left: zero when the deadline has passed, null when there is none.</summary>
    public static TimeSpan? Remaining
    {
        get
        {
            var deadline = Current;
            return deadline == 0 ? null : TimeSpan.FromMilliseconds(Math.Max(0, deadline - Environment.TickCount64));
        }
    }

    /// <summary>Lets everything until the returned object is disposed end within <paramref name="time"/>. An earlier deadline stays: a deadline only shrinks.</summary>
    /// <param name="time">Not negative. <see cref="Timeout.InfiniteTimeSpan"/> or a time beyond what the clock can hold changes nothing.</param>
    /// <returns>Puts back the deadline that was there before; dispose it in the same method.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="time"/> is negative.</exception>
    public static IDisposable Within(TimeSpan time)
    {
        var before = Current;
        if (time == Timeout.InfiniteTimeSpan) return new Scope(before);
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);

        // Rounded up, so that a deadline of half a millisecond is not one that has passed.
        var milliseconds = (time.Ticks + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond;
        if (time.Ticks <= long.MaxValue - TimeSpan.TicksPerMillisecond)
        {
            var deadline = Environment.TickCount64 + milliseconds;
            if (before == 0 || deadline < before) Current = deadline;
        }

        return new Scope(before);
    }

    private sealed class Scope(long before) : IDisposable
    {
        public void Dispose() => Current = before;
    }
}
