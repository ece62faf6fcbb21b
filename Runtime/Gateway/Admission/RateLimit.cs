using System.Globalization;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.Admission;

/// <summary>A policy in effect, with the parts of its headers that never change.</summary>
internal sealed class RateLimit
{
    private static readonly string[] s_small = [.. Enumerable.Range(0, 1024).Select(i => i.ToString(CultureInfo.InvariantCulture))];
    private readonly long _frequency;
    private long _granted;
    private long _refused;

    public RateLimit(string name, RateLimitPolicy policy, TimeProvider time)
    {
        _frequency = time.TimestampFrequency;
        Name = name;
        Policy = policy;
        HasTokens = policy.Tokens > 0;
        Concurrency = policy.Concurrency;
        foreach (var by in policy.By) Parts |= (PartitionParts)(1 << (int)by);
        if (policy.By.Count == 0) Parts = PartitionParts.Caller | PartitionParts.Method;
        if (!HasTokens) return;
        Rate = TokenRate.Of(policy, _frequency);
        LimitText = Text(Rate.Burst);
        PolicyText = $"{Text(Rate.Burst)};w={Text(Seconds(Rate.Capacity))}";
    }

    public string Name { get; }

    /// <summary>Calls it has let through, and refused.</summary>
    public (long Granted, long Refused) Counts => (Volatile.Read(ref _granted), Volatile.Read(ref _refused));

    public void CountGranted() => Interlocked.Increment(ref _granted);

    public void CountRefused() => Interlocked.Increment(ref _refused);

    public RateLimitPolicy Policy { get; }

    public bool HasTokens { get; }

    public TokenRate Rate { get; }

    /// <summary>0 for any number.</summary>
    public int Concurrency { get; }

    public PartitionParts Parts { get; }

    /// <summary><c>RateLimit-Limit</c>: what a full bucket holds.</summary>
    public string LimitText { get; } = "";

    /// <summary><c>RateLimit-Policy</c>: the same, and in how many seconds an empty bucket gets full.</summary>
    public string PolicyText { get; } = "";

    /// <summary>Whole seconds, rounded up.</summary>
    public long Seconds(long timestamps) => (timestamps + _frequency - 1) / _frequency;

    public TimeSpan Time(long timestamps) => TimeSpan.FromSeconds((double)timestamps / _frequency);

    public static string Text(long number) => number >= 0 && number < s_small.Length ? s_small[number] : number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A limit where it is used: with what stands for the method or the service in the keys of its partitions.</summary>
/// <param name="Limit">The limit.</param>
/// <param name="Target">The method or the service where these have buckets of their own, else null.</param>
/// <param name="ScopeName">The scope's name, the same in all gateways.</param>
internal sealed record RateLimitRule(RateLimit Limit, object? Target, string ScopeName)
{
    public PartitionKey Key(in RateLimitCaller caller) => new(
        Limit,
        Target,
        Limit.Parts.HasFlag(PartitionParts.Caller) ? caller.Subject : Limit.Parts.HasFlag(PartitionParts.Tenant) && caller.Tenant.Length == 0 ? caller.Subject : "",
        Limit.Parts.HasFlag(PartitionParts.Tenant) ? caller.Tenant : "",
        Limit.Parts.HasFlag(PartitionParts.Address) || (IsByAddress(caller) && caller.Subject.Length == 0) ? caller.Network : 0);

    private bool IsByAddress(in RateLimitCaller caller) =>
        Limit.Parts.HasFlag(PartitionParts.Caller) || (Limit.Parts.HasFlag(PartitionParts.Tenant) && caller.Tenant.Length == 0);
}

/// <summary>All limits of a method or a controller.</summary>
internal sealed class RateLimitSet
{
    public RateLimitSet(IEnumerable<RateLimitRule> rules)
    {
        RateLimitRule[] all = [.. rules];
        Rules = all;
        Local = [.. all.Where(r => r.Limit is { HasTokens: true, Policy.Shared: false })];
        Shared = [.. all.Where(r => r.Limit is { HasTokens: true, Policy.Shared: true })];
        Concurrent = [.. all.Where(r => r.Limit.Concurrency > 0)];
        IsByAddress = all.Any(r => r.Limit.Parts.HasFlag(PartitionParts.Address));
        PolicyText = string.Join(", ", all.Where(r => r.Limit.HasTokens).Select(r => r.Limit.PolicyText));
    }

    /// <summary>All of them.</summary>
    public RateLimitRule[] Rules { get; }

    /// <summary>Token buckets of this gateway.</summary>
    public RateLimitRule[] Local { get; }

    /// <summary>Token buckets of all gateways.</summary>
    public RateLimitRule[] Shared { get; }

    /// <summary>Those that limit the calls under way.</summary>
    public RateLimitRule[] Concurrent { get; }

    /// <summary>Whether the addresses of callers with a token count too.</summary>
    public bool IsByAddress { get; }

    /// <summary>Whether tokens of this gateway are all it takes.</summary>
    public bool IsSimple => Shared.Length == 0 && Concurrent.Length == 0;

    /// <summary><c>RateLimit-Policy</c>: every policy.</summary>
    public string PolicyText { get; }

    /// <summary>What stands for a policy's method or service in the keys of its partitions.</summary>
    public static RateLimitRule Rule(RateLimit limit, RpcMethod method) =>
        limit.Parts.HasFlag(PartitionParts.Method) ? new RateLimitRule(limit, method, $"{limit.Name} {method}")
        : limit.Parts.HasFlag(PartitionParts.Service) ? new RateLimitRule(limit, method.Service, $"{limit.Name} {method.Service.FullName}")
        : new RateLimitRule(limit, null, limit.Name);
}
