namespace Granary.Engine.Transport;

/// <summary>
/// Frees the read loops whose thread is held by code that it runs in place: a grain's turn or a caller's continuation that blocks, perhaps waiting for a frame that only this loop would read.
/// A visit to such code that is seen at two ticks in a row has lasted <see cref="TickMs"/> or more; another thread then takes the loop.
/// </summary>
/// <remarks>Ticks only while there are visits: armed by the first one, disarmed after a second without. In real time, whatever clock the engine is given: it watches threads.</remarks>
internal sealed class LoopWatchdog : IDisposable
{
    private const int TickMs = 10;
    private const int QuietTicks = 100;

    private readonly Func<IEnumerable<PeerConnection>> _connections;
    private readonly Timer _timer;
    private volatile bool _armed;
    private int _quiet;

    internal LoopWatchdog(Func<IEnumerable<PeerConnection>> connections)
    {
        _connections = connections;
        _timer = new Timer(static watchdog => ((LoopWatchdog)watchdog!).Tick(), this, Timeout.Infinite, Timeout.Infinite);
    }

    /// <summary>A loop has begun a visit and published it.</summary>
    internal void OnVisit()
    {
        if (!_armed) Arm();
    }

    public void Dispose() => _timer.Dispose();

    private void Arm()
    {
        _armed = true;
        try
        {
            _timer.Change(TickMs, TickMs);
        }
        catch (ObjectDisposedException)
        {
            // The network is going; its connections are closed.
        }
    }

    private void Tick()
    {
        var visits = false;
        foreach (var connection in _connections())
        {
            var visit = connection.InlineVisit;
            if (visit == 0) continue;
            visits = true;
            if (visit == connection.InlineVisitSeen) connection.TryTakeOver(visit);
            connection.InlineVisitSeen = visit;
        }

        _quiet = visits ? 0 : _quiet + 1;
        if (_quiet < QuietTicks) return;
        _quiet = 0;
        _timer.Change(Timeout.Infinite, Timeout.Infinite);
        _armed = false;
        // A loop writes its visit, then reads the flag, with no fence between: this fence is for both. Either it saw the flag down and arms, or its visit is seen here.
        Interlocked.MemoryBarrierProcessWide();
        if (_connections().Any(c => c.InlineVisit != 0)) Arm();
    }
}
