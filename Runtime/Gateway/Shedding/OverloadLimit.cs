using Granary.Gateway.Resilience;

namespace Granary.Gateway.Shedding;

/// <summary>
/// How many calls may be under way: any number until the process is overloaded, then as many as keep it from being so. Additive increase, multiplicative decrease (Chiu and Jain, 1989). One thread at a time has it.
/// </summary>
/// <remarks>
/// <code>
///   open     any number                              -> limited, when overloaded for s_interval without a break: three quarters of the calls under way
///   limited  overloaded: three quarters of it, once for each time that work waits
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
        if (delay > options.Delay || refused)
        {
            _reachedAt = now;
            _lateSince ??= now;
            if (!IsLimited && !refused && time.GetElapsedTime(_lateSince.Value, now) < s_interval) return;

            // What waits already was let in before the last cut: that cut shows when it is through.
            if (_cutAt != long.MinValue && time.GetElapsedTime(_cutAt, now) < _pause) return;
            _cutAt = now;
            _pause = delay > s_leastPause ? delay : s_leastPause;
            gate.Limit = Math.Max(options.LeastCalls, (int)(Math.Min(gate.Limit, (long)peak) * 0.75));
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
        }
    }
}
