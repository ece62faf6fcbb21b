using System.Net;

namespace Granary.Engine.Transport;

/// <summary>
/// Bounds what strangers can cost: how many may be in the handshake at once, in all and from one address, and how much is written to the log about those refused. Thread-safe.
/// </summary>
/// <param name="options">The limits.</param>
/// <param name="time">The clock of the log's windows.</param>
/// <param name="log">Where refusals are told.</param>
internal sealed class Admission(PeerNetworkOptions options, TimeProvider time, TransportLog log)
{
    /// <summary>Refusals of one window that are logged one by one; the others are counted.</summary>
    private const int LoggedEach = 20;

    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _pending = [];
    private int _allPending;
    private long _windowFrom = time.GetTimestamp();
    private int _refusals;
    private (EndPoint? From, string Reason) _last;

    /// <summary>Connections whose handshake is going on.</summary>
    internal int Pending
    {
        get
        {
            lock (_lock) return _allPending;
        }
    }

    /// <summary>Whether a handshake may begin; if so <see cref="Leave"/> must follow.</summary>
    /// <param name="address">Where from.</param>
    /// <param name="problem">Why it may not.</param>
    internal bool TryEnter(IPAddress address, out string problem)
    {
        lock (_lock)
        {
            var here = _pending.GetValueOrDefault(address);
            problem = _allPending >= options.MaxPendingHandshakes ? $"{_allPending} handshakes are going on already; MaxPendingHandshakes allows no more."
                : here >= options.MaxPendingHandshakesPerAddress ? $"{here} handshakes from {address} are going on already; MaxPendingHandshakesPerAddress allows no more."
                : "";
            if (problem.Length > 0) return false;
            _pending[address] = here + 1;
            _allPending++;
            return true;
        }
    }

    /// <summary>A handshake that was let in has ended, one way or the other.</summary>
    internal void Leave(IPAddress address)
    {
        lock (_lock)
        {
            _allPending--;
            if (_pending[address] == 1) _pending.Remove(address);
            else _pending[address]--;
        }
    }

    /// <summary>Tells the log of a connection that was refused, unless it has been told of many.</summary>
    internal void OnRefused(EndPoint? from, string reason)
    {
        RollWindow();
        lock (_lock)
        {
            _last = (from, reason);
            if (++_refusals > LoggedEach) return;
        }

        log.Refused(from, reason);
    }

    /// <summary>Now and then: tells the log how many refusals it was spared.</summary>
    internal void RollWindow()
    {
        int more;
        (EndPoint? From, string Reason) last;
        lock (_lock)
        {
            var now = time.GetTimestamp();
            if (time.GetElapsedTime(_windowFrom, now) < s_window) return;
            _windowFrom = now;
            more = _refusals - LoggedEach;
            last = _last;
            _refusals = 0;
            _last = default;
        }

        if (more > 0) log.RefusedMore(more, (int)s_window.TotalSeconds, last.From, last.Reason);
    }
}
