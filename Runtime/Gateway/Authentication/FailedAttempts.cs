using System.Net;
using Granary.Rpc;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Authentication;

/// <summary>
/// Counts credentials that did not hold by the address they came from, a token bucket for each: an address that has used its own up is refused before anything is checked, so that guesses are few and signatures made up
/// cost us nothing. Callers whose credentials are known go on, from whatever address. Bounded like <see cref="RateLimitOptions.MaximumBuckets"/>; thread-safe.
/// </summary>
/// <remarks>Looking and counting are two steps: checks that run at once may exceed the limit by their number.</remarks>
internal sealed class FailedAttempts(IOptions<GatewayOptions> options, TimeProvider time)
{
    private readonly PartitionTable<TokenBucket> _buckets = new(options.Value.RateLimits.MaximumBuckets, time);
    private readonly RateLimit? _limit = options.Value.Authentication.FailedAttempts is > 0 and var tokens
        ? new RateLimit("failed-attempts", new RateLimitPolicy { Tokens = tokens, Period = options.Value.Authentication.FailedAttemptsPeriod, By = [RateLimitBy.Address] }, time)
        : null;

    /// <summary>Why nothing of this address is checked now; null when it is.</summary>
    public RpcException? Refusal(IPAddress? address)
    {
        if (_limit is null || _buckets.Count == 0) return null;
        var now = time.GetTimestamp();
        var wait = Find(address, now).RetryIn(_limit.Rate, now);
        return wait <= 0 ? null : new RpcException(StatusCode.ResourceExhausted, "too many credentials from this address did not hold; try again later") { RetryAfter = _limit.Time(wait), Reason = "TOO_MANY_FAILED_ATTEMPTS" };
    }

    /// <summary>Credentials of this address did not hold.</summary>
    public void Count(IPAddress? address)
    {
        if (_limit is null) return;
        var now = time.GetTimestamp();
        while (!Find(address, now).TryTake(_limit.Rate, now, out _))
        {
        }
    }

    private TokenBucket Find(IPAddress? address, long now)
    {
        var key = new PartitionKey(_limit!, null, "", "", RateLimitCaller.NetworkOf(address));
        return _buckets.Get(ref key, now);
    }
}
