namespace Granary.Gateway.Tests.Support;

/// <summary>A clock that a test moves: both the date and the timestamps. Timers are the system's.</summary>
internal sealed class TestClock : TimeProvider
{
    private readonly DateTimeOffset _start = DateTimeOffset.UtcNow;
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public void Advance(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);

    public override DateTimeOffset GetUtcNow() => _start.AddTicks(Volatile.Read(ref _ticks));

    public override long GetTimestamp() => 1_000_000 + Volatile.Read(ref _ticks);
}
