using Granary.Gateway.Resilience;
using Granary.Statistics;

namespace Granary.Gateway;

/// <summary>How this gateway does: sums since it began, and what its stages know now. Thread-safe; a reading takes time by the number of policies and methods, and calls notice nothing of it.</summary>
public sealed class GatewayStatistics
{
    private readonly GatewayInstruments _instruments;
    private readonly Breakers _breakers;
    private readonly RateLimiter _limiter;
    private readonly SharedRateLimits _shared;

    internal GatewayStatistics(GatewayInstruments instruments, Breakers breakers, RateLimiter limiter, SharedRateLimits shared) =>
        (_instruments, _breakers, _limiter, _shared) = (instruments, breakers, limiter, shared);

    /// <summary>A reading.</summary>
    public GatewayReading Read()
    {
        var counts = _instruments.Counts;

        // Before the calls: there are never more errors than calls.
        var errors = counts.Errors;
        var used = _instruments.Methods.Where(m => m.WasUsed).ToArray();
        var ended = used.Sum(m => m.Ended);
        var durations = new long[DurationHistogram.Buckets];
        counts.Durations.AddTo(durations);
        return new GatewayReading(ended, errors, used.Sum(m => m.Active), durations)
        {
            RateLimits = !_limiter.Enabled ? [] : [.. _limiter.Limits.Where(l => l.HasTokens).Select(Limit)],
            RedisAway = _shared.IsAway,
            Shedding = counts.Shedding is { } gate
                ? new SheddingReading(gate.Limit == int.MaxValue ? null : gate.Limit, gate.UnderWay, gate.Waiting, counts.Shed)
                : new SheddingReading(null, 0, 0, 0),
            Bulkheads = [.. counts.Bulkheads().OrderBy(b => b.Service, StringComparer.Ordinal).Select(b => new BulkheadReading(b.Service, b.Gate.UnderWay, b.Gate.Limit, counts.BulkheadRefusals(b.Service)))],
            Breakers = [.. _breakers.Read().Where(b => b.Since is not null || b.Calls > 0)],
            Retries = counts.Retries,
            Hedges = counts.Hedges,
        };
    }

    private static RateLimitReading Limit(RateLimit limit)
    {
        var (granted, refused) = limit.Counts;
        return new RateLimitReading(limit.Name, limit.Policy.Tokens, limit.Policy.Period, limit.Rate.Burst, limit.Policy.Shared, granted, refused);
    }
}

/// <summary>A gateway at one moment.</summary>
/// <param name="Calls">Calls that have ended.</param>
/// <param name="Errors">Those that ended with any code but OK.</param>
/// <param name="InFlight">Calls under way.</param>
/// <param name="Durations">From their arrival to the end of their response, by the buckets of <see cref="DurationHistogram"/>.</param>
public sealed record GatewayReading(long Calls, long Errors, long InFlight, IReadOnlyList<long> Durations)
{
    /// <summary>The rate limit policies.</summary>
    public IReadOnlyList<RateLimitReading> RateLimits { get; init; } = [];

    /// <summary>Whether shared limits are wanted and Redis does not answer, so that this gateway goes by its share.</summary>
    public bool RedisAway { get; init; }

    /// <summary>What bounds calls under overload.</summary>
    public required SheddingReading Shedding { get; init; }

    /// <summary>The services with a bulkhead.</summary>
    public IReadOnlyList<BulkheadReading> Bulkheads { get; init; } = [];

    /// <summary>The breakers that have seen calls.</summary>
    public IReadOnlyList<BreakerStatus> Breakers { get; init; } = [];

    /// <summary>Calls made again, and those that could have been but for the time, the attempts or the budget.</summary>
    public (long Repeated, long GivenUp) Retries { get; init; }

    /// <summary>Calls sent a second time, and those whose second attempt was the first to answer.</summary>
    public (long Sent, long Won) Hedges { get; init; }
}

/// <summary>A rate limit policy and what it did.</summary>
/// <param name="Policy">Its name.</param>
/// <param name="Tokens">That come in over a period.</param>
/// <param name="Period">The period.</param>
/// <param name="Burst">That a full bucket holds.</param>
/// <param name="Shared">Whether all gateways share its buckets.</param>
/// <param name="Granted">Calls let through.</param>
/// <param name="Refused">Calls refused.</param>
public sealed record RateLimitReading(string Policy, long Tokens, TimeSpan Period, long Burst, bool Shared, long Granted, long Refused);

/// <summary>What load shedding does.</summary>
/// <param name="Limit">Calls that may be under way; null while there is no overload.</param>
/// <param name="InFlight">Calls under way.</param>
/// <param name="Waiting">Calls that wait for room.</param>
/// <param name="Refused">Calls refused since the gateway began.</param>
public sealed record SheddingReading(int? Limit, int InFlight, int Waiting, long Refused);

/// <summary>A bulkhead.</summary>
/// <param name="Service">The service.</param>
/// <param name="InFlight">Its calls under way.</param>
/// <param name="Limit">How many there may be.</param>
/// <param name="Refused">Calls refused since the gateway began.</param>
public sealed record BulkheadReading(string Service, int InFlight, int Limit, long Refused);
