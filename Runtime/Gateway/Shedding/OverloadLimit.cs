using Granary.Gateway.Resilience;

namespace Granary.Gateway.Shedding;

/// <summary>
/// How many calls may be under way: any number until the process is overloaded, then as many as keep it from being so. Additive increase, multiplicative decrease (Chiu and Jain, 1989). One thread at a time has it.
/// </summary>
/// <remarks>
/// <code>
///   open     any number                              -> limited, when overloaded for s_interval without a break: a part of the calls under way
///   limited  overloaded: a part of it, once for each time that work waits. The part is three quarters, or less by as much as the delay is too long
///            not, and the limit was reached: a twentieth more, one at least
///            not, and not reached for s_calm         -> open
/// </code>
/// </remarks>
internal sealed class OverloadLimit(SheddingOptions options, TimeProvider time, CallGate gate)
{
    // As CoDel (RFC 8289) tells a queue that stands from one that only absorbs a burst; a collection of garbage is no overload either.
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_leastPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_calm = TimeSpan.FromSeconds(5);

    private long _cutAt = long.MinValue;
    private TimeSpan _pause;
    private long _reachedAt;
    private long? _lateSince;
    private double _part;
    private double _last;

    /// <summary>
    /// The part of the calls to refuse as they come. Calls that run on the thread that brings them are never many at a time, however many wait behind them for that thread: no limit of those under way is reached, and only this
    /// keeps the delay where it may be (proportional integral controller, as PIE, RFC 8033).
    /// </summary>
    public double Part => Volatile.Read(ref _part);

    /// <summary>Whether to look often.</summary>
    public bool IsTense => IsLimited || _lateSince is not null;

    public bool IsLimited => gate.Limit != int.MaxValue;

    /// <summary>Tells how it is, some ten times a second.</summary>
    /// <param name="delay">How long work waits for a thread.</param>
    /// <param name="refused">Whether silos refuse calls since they are overloaded.</param>
    public void Observe(TimeSpan delay, bool refused)
    {
        var now = time.GetTimestamp();
        var peak = gate.TakePeak();
        if (IsLimited) Steer(delay / options.Delay);
        if (delay > options.Delay || refused)
        {
            _reachedAt = now;
            _lateSince ??= now;
            if (!IsLimited && !refused && time.GetElapsedTime(_lateSince.Value, now) < s_interval) return;

            // What waits already was let in before the last cut: that cut shows when it is through.
            if (_cutAt != long.MinValue && time.GetElapsedTime(_cutAt, now) < _pause) return;
            _cutAt = now;
            _pause = delay > s_leastPause ? delay : s_leastPause;

            // The calls under way make the delay (Little's law): of a delay that is four times what it may be, three quarters of them must go.
            var part = Math.Clamp(options.Delay / delay, 0.1, 0.75);
            gate.Limit = Math.Max(options.LeastCalls, (int)(Math.Min(gate.Limit, (long)peak) * part));
            return;
        }

        _lateSince = null;
        if (!IsLimited) return;
        if (peak >= gate.Limit * 0.8 || gate.Waiting > 0)
        {
            _reachedAt = now;
            gate.Limit += Math.Max(1, gate.Limit / 20);
        }
        else if (time.GetElapsedTime(_reachedAt, now) >= s_calm)
        {
            gate.Limit = int.MaxValue;
            Volatile.Write(ref _part, 0);
        }
    }

    // By the delay in times of what it may be: by how far it is off, and more by where it goes.
    private void Steer(double delay)
    {
        var part = _part + (0.05 * Math.Clamp(delay - 1, -1, 4)) + (0.2 * Math.Clamp(delay - _last, -2, 2));
        _last = delay;
        if (delay < 0.5) part *= 0.9;
        Volatile.Write(ref _part, part < 0.005 ? 0 : Math.Min(part, 0.98));
    }
}
