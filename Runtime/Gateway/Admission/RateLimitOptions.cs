namespace Granary.Gateway.Admission;

/// <summary>How much callers may ask for. A call that several policies cover needs a token of each.</summary>
public sealed class RateLimitOptions
{
    /// <summary>Whether there are limits at all.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>The policy of methods that name none.</summary>
    public RateLimitPolicy Default { get; set; } = new();

    /// <summary>The policies that methods name by <c>[RpcMethod(RateLimit = "...")]</c>, several separated by commas, and controllers by <see cref="RateLimitPolicyAttribute"/>.</summary>
    public IDictionary<string, RateLimitPolicy> Policies { get; set; } = new Dictionary<string, RateLimitPolicy>(StringComparer.Ordinal);

    /// <summary>The names of policies that every RPC call needs a token of, besides those of its method.</summary>
    public IList<string> Always { get; set; } = [];

    /// <summary>
    /// How many buckets are kept at most, each some 100 bytes. Buckets that are full again are forgotten first; when all are in use, callers not seen before share one bucket for each method.
    /// 1,000 to 100,000,000; the default is 100,000.
    /// </summary>
    public int MaximumBuckets { get; set; } = 100_000;

    /// <summary>How gateways share the buckets of policies with <see cref="RateLimitPolicy.Shared"/>.</summary>
    public SharedRateLimitOptions Shared { get; set; } = new();
}

/// <summary>
/// A token bucket for each partition: <see cref="Tokens"/> come in evenly over each <see cref="Period"/>, up to <see cref="Burst"/> are kept, and a call takes one. And, or instead,
/// a number of calls that a partition may have under way.
/// </summary>
public sealed class RateLimitPolicy
{
    /// <summary>Tokens that come in over a period: 1 to 1,000,000,000; the default is 500. 0 where only <see cref="Concurrency"/> is to limit.</summary>
    public int Tokens { get; set; } = 500;

    /// <summary>1 ms to 1 day; the default is 1 s.</summary>
    public TimeSpan Period { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The most tokens that are kept; 0, the default, means <see cref="Tokens"/>.</summary>
    public int Burst { get; set; }

    /// <summary>How many calls of a partition may be under way at this gateway, streams included: 1 to 1,000,000; 0, the default, for any number.</summary>
    public int Concurrency { get; set; }

    /// <summary>What has a bucket of its own: any of <see cref="RateLimitBy"/> together. None, the default, means caller and method.</summary>
    public IList<RateLimitBy> By { get; set; } = [];

    /// <summary>Whether all gateways of the service share the buckets, over Redis. Without Redis each has its own.</summary>
    public bool Shared { get; set; }
}

/// <summary>What a policy's buckets tell apart.</summary>
public enum RateLimitBy
{
    /// <summary>The token's subject; without a token, as <see cref="Address"/>.</summary>
    Caller,

    /// <summary>The token's tenant; without one, as <see cref="Caller"/>.</summary>
    Tenant,

    /// <summary>Where the caller's connection comes from; of IPv6 the network of 64 bits, since a single customer commands all of one.</summary>
    Address,

    /// <summary>The method called.</summary>
    Method,

    /// <summary>The service called.</summary>
    Service,

    /// <summary>Nothing: one bucket for all. For a policy that names nothing else.</summary>
    All,
}

/// <summary>How gateways share buckets.</summary>
public sealed class SharedRateLimitOptions
{
    /// <summary>How long a call waits for Redis at most, before this gateway goes by its share of the limits. 1 ms to 5 s; the default is 50 ms.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Tokens for up to this much of a policy's rate are fetched ahead where calls are frequent, and used within it, so that most calls do not wait for Redis. In any time t no more than
    /// Burst + Rate x (t + this) are granted. 0 to 1 s; the default is 100 ms; 0 asks for every token.
    /// </summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>After Redis did not answer: how long this gateway goes by its share at least. 100 ms to 1 min; the default is 1 s.</summary>
    public TimeSpan Retry { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// While Redis does not answer, each gateway grants 1/n of every limit, n being the gateways there were, but never less than this part of it; and this part where n is not known. 0.001 to 1; the default is 0.05.
    /// </summary>
    public double LeastShare { get; set; } = 0.05;
}
