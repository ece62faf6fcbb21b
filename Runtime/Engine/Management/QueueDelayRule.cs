namespace Granary.Engine.Management;

/// <summary>
/// Decides from how long work waits for a thread whether a silo is overloaded: when it waits longer than the limit, or has waited longer than a fifth of it for as long as the limit without a break. The second is a queue
/// that stands, as CoDel (RFC 8289) tells it from a burst that is worked off. One thread at a time has it.
/// </summary>
/// <param name="limitMs">The limit; 0 for none.</param>
internal sealed class QueueDelayRule(long limitMs)
{
    /// <summary>How often to measure, and how often while work waits: after a pause of the process nobody is to be refused for longer than need be.</summary>
    internal const int PeriodMs = 250;
    private const int ShortPeriodMs = 25;

    private const int StandingPart = 5;

    private long? _standsSince;

    /// <summary>Takes a measurement; all times in milliseconds.</summary>
    /// <param name="now">When.</param>
    /// <param name="delay">How long work waited.</param>
    /// <param name="period">When to measure again.</param>
    /// <returns>Whether the silo is overloaded.</returns>
    internal bool Observe(long now, long delay, out int period)
    {
        if (limitMs == 0 || delay <= limitMs / StandingPart) _standsSince = null;
        else _standsSince ??= now;
        period = _standsSince is null ? PeriodMs : ShortPeriodMs;
        return _standsSince is { } since && (delay > limitMs || now - since >= limitMs);
    }
}
