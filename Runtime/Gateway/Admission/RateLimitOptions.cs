namespace Granary.Gateway.Admission;

/// <summary>How much one caller may ask for. Every caller has a token bucket for every method; a caller without a token is known by its address.</summary>
public sealed class RateLimitOptions
{
    /// <summary>Whether there are limits at all.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>The policy of methods that name none.</summary>
    public RateLimitPolicy Default { get; set; } = new();

    /// <summary>The policies that methods name by <c>[RpcMethod(RateLimit = "...")]</c>, and controllers by <see cref="RateLimitPolicyAttribute"/>.</summary>
    public IDictionary<string, RateLimitPolicy> Policies { get; set; } = new Dictionary<string, RateLimitPolicy>(StringComparer.Ordinal);

    /// <summary>
    /// How many buckets are kept at most, each some 100 bytes. Buckets that are full again are forgotten first; when all are in use, callers not seen before share one bucket for each method.
    /// 1,000 to 100,000,000; the default is 100,000.
    /// </summary>
    public int MaximumBuckets { get; set; } = 100_000;
}

/// <summary>One token bucket: <see cref="Tokens"/> come in evenly over each <see cref="Period"/>, and up to <see cref="Burst"/> are kept. A call takes one.</summary>
public sealed class RateLimitPolicy
{
    /// <summary>Tokens that come in over a period: 1 to 1,000,000,000; the default is 500.</summary>
    public int Tokens { get; set; } = 500;

    /// <summary>1 ms to 1 day; the default is 1 s.</summary>
    public TimeSpan Period { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The most tokens that are kept; 0, the default, means <see cref="Tokens"/>.</summary>
    public int Burst { get; set; }
}
