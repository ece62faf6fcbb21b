namespace Granary.Gateway.Admission;

/// <summary>
/// A token bucket whose whole state is one number: the moment at which it would be full again (the generic cell rate algorithm). Thread-safe without a lock; 24 bytes.
/// <see cref="System.Threading.RateLimiting.TokenBucketRateLimiter"/> is not used since it reads its own clock and allocates to tell what remains.
/// </summary>
internal sealed class TokenBucket
{
    private long _fullAt = long.MinValue;

    /// <summary>Takes a token if there is one.</summary>
    public RateLimitLease Take(in TokenRate rate, long now)
    {
        while (true)
        {
            var before = Volatile.Read(ref _fullAt);
            var fullAt = Math.Max(before, now) + rate.Interval;
            var debt = fullAt - now;
            if (debt > rate.Capacity) return new RateLimitLease(false, 0, debt - rate.Interval, debt - rate.Capacity);
            if (Interlocked.CompareExchange(ref _fullAt, fullAt, before) == before) return new RateLimitLease(true, (int)((rate.Capacity - debt) / rate.Interval), debt, 0);
        }
    }

    /// <summary>Whether it is full, and so the same as a new one.</summary>
    public bool IsFull(long now) => Volatile.Read(ref _fullAt) <= now;
}

/// <summary>A policy in timestamp units.</summary>
/// <param name="Burst">The tokens a full bucket holds.</param>
/// <param name="Interval">The time in which one token is gained; 1 or more.</param>
internal readonly record struct TokenRate(int Burst, long Interval)
{
    /// <summary>The time in which an empty bucket gets full.</summary>
    public long Capacity => Burst * Interval;

    public static TokenRate Of(RateLimitPolicy policy, long frequency) =>
        new(policy.Burst > 0 ? policy.Burst : policy.Tokens, Math.Max(1, (long)(policy.Period.TotalSeconds * frequency / policy.Tokens)));
}

/// <summary>What a bucket answered; times in timestamp units.</summary>
internal readonly record struct RateLimitLease(bool Granted, int Remaining, long FullIn, long RetryIn);
