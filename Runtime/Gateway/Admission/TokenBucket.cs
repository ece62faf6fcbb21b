namespace Granary.Gateway.Admission;

/// <summary>
/// A token bucket whose whole state is one number: the moment at which it would be full again (the generic cell rate algorithm, ITU-T I.371). Thread-safe without a lock; 24 bytes.
/// <see cref="System.Threading.RateLimiting.TokenBucketRateLimiter"/> is not used since it reads its own clock and allocates to tell what remains.
/// </summary>
internal sealed class TokenBucket : IPartition
{
    private const long Fresh = long.MinValue;
    private const long Forgotten = long.MaxValue;

    private long _fullAt = Fresh;

    /// <summary>Takes a token if there is one.</summary>
    /// <returns>False when the bucket was forgotten: there is another one now.</returns>
    public bool TryTake(in TokenRate rate, long now, out RateLimitLease lease)
    {
        while (true)
        {
            var before = Volatile.Read(ref _fullAt);
            lease = default;
            if (before == Forgotten) return false;
            var fullAt = Math.Max(before, now) + rate.Interval;
            var debt = fullAt - now;
            if (debt > rate.Capacity)
            {
                lease = new RateLimitLease(false, 0, debt - rate.Interval, debt - rate.Capacity);
                return true;
            }

            if (Interlocked.CompareExchange(ref _fullAt, fullAt, before) != before) continue;
            lease = new RateLimitLease(true, (int)((rate.Capacity - debt) / rate.Interval), debt, 0);
            return true;
        }
    }

    /// <summary>How long until there is a token; 0 or less when there is one. Takes none.</summary>
    public long RetryIn(in TokenRate rate, long now) => Volatile.Read(ref _fullAt) is var fullAt && fullAt == Forgotten ? 0 : Math.Max(fullAt, now) + rate.Interval - now - rate.Capacity;

    /// <summary>Gives back a token that was just taken.</summary>
    public void GiveBack(in TokenRate rate)
    {
        while (true)
        {
            var before = Volatile.Read(ref _fullAt);
            if (before is Forgotten or Fresh || Interlocked.CompareExchange(ref _fullAt, before - rate.Interval, before) == before) return;
        }
    }

    /// <summary>Whether it is full, and so the same as a new one.</summary>
    public bool IsFull(long now) => Volatile.Read(ref _fullAt) is var fullAt && (fullAt <= now || fullAt == Forgotten);

    public bool TryForget(long now) => Volatile.Read(ref _fullAt) is var fullAt && fullAt <= now && Interlocked.CompareExchange(ref _fullAt, Forgotten, fullAt) == fullAt;
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
