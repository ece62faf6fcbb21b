using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Admission;

/// <summary>
/// The buckets of all callers and methods. Bounded: a full bucket is forgotten when room is needed (it is like a new one), and when all are in use newcomers share one for each method. Thread-safe.
/// </summary>
internal sealed class RateLimiter
{
    private readonly ConcurrentDictionary<(string Caller, object Target), TokenBucket> _buckets = new();
    private readonly TimeProvider _time;
    private readonly int _maxBuckets;
    private readonly RateLimitOptions _options;
    private int _count;
    private long _sweepAfter;

    public RateLimiter(IOptions<GatewayOptions> options, TimeProvider time)
    {
        _time = time;
        _options = options.Value.RateLimits;
        _maxBuckets = _options.MaximumBuckets;
    }

    public bool Enabled => _options.Enabled;

    public int Count => Volatile.Read(ref _count);

    /// <summary>The limit of a policy; the default one for null.</summary>
    /// <exception cref="OptionsValidationException">The configuration has no such policy.</exception>
    public RateLimit Find(string? policy, string usedBy)
    {
        if (policy is null) return new RateLimit(_options.Default, _time);
        if (_options.Policies.TryGetValue(policy, out var found)) return new RateLimit(found, _time);
        throw new OptionsValidationException(nameof(GatewayOptions), typeof(GatewayOptions), [
            $"{usedBy} names the rate limit '{policy}', which the configuration does not have. Add it, for example: \"Granary\": {{ \"RateLimits\": {{ \"Policies\": {{ \"{policy}\": {{ \"Tokens\": 10, \"Period\": \"00:00:01\", \"Burst\": 20 }} }} }} }}."]);
    }

    /// <summary>Takes a token from the bucket of a caller and a target (a method, or a controller's policy).</summary>
    public RateLimitLease Take(RateLimit limit, string caller, object target)
    {
        var now = _time.GetTimestamp();
        return Bucket(caller, target, now).Take(limit.Rate, now);
    }

    /// <summary>Who an anonymous caller is taken for: their address; for IPv6 the network of 64 bits, since a single customer commands all of one.</summary>
    public static string NameOf(IPAddress? address)
    {
        if (address is null) return "ip:unknown";
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return "ip:" + address;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return "ip:" + new IPAddress(bytes);
    }

    private TokenBucket Bucket(string caller, object target, long now)
    {
        if (_buckets.TryGetValue((caller, target), out var bucket)) return bucket;
        if (Count >= _maxBuckets && !Sweep(now)) caller = "";
        bucket = new TokenBucket();
        if (_buckets.TryAdd((caller, target), bucket))
        {
            Interlocked.Increment(ref _count);
            return bucket;
        }

        return _buckets.TryGetValue((caller, target), out var other) ? other : bucket;
    }

    // At most once a second, however many newcomers there are. True when there is room.
    private bool Sweep(long now)
    {
        var after = Volatile.Read(ref _sweepAfter);
        if (now < after || Interlocked.CompareExchange(ref _sweepAfter, now + _time.TimestampFrequency, after) != after) return Count < _maxBuckets;
        foreach (var pair in _buckets)
        {
            if (pair.Value.IsFull(now) && _buckets.TryRemove(pair)) Interlocked.Decrement(ref _count);
        }

        return Count < _maxBuckets;
    }
}

/// <summary>A policy in effect, with the parts of its headers that never change.</summary>
internal sealed class RateLimit
{
    private static readonly string[] s_small = [.. Enumerable.Range(0, 1024).Select(i => i.ToString(CultureInfo.InvariantCulture))];
    private readonly long _frequency;

    public RateLimit(RateLimitPolicy policy, TimeProvider time)
    {
        _frequency = time.TimestampFrequency;
        Rate = TokenRate.Of(policy, _frequency);
        LimitText = Text(Rate.Burst);
        PolicyText = $"{Text(Rate.Burst)};w={Text(Seconds(Rate.Capacity))}";
    }

    public TokenRate Rate { get; }

    /// <summary><c>RateLimit-Limit</c>: what a full bucket holds.</summary>
    public string LimitText { get; }

    /// <summary><c>RateLimit-Policy</c>: the same, and in how many seconds an empty bucket gets full.</summary>
    public string PolicyText { get; }

    /// <summary>Whole seconds, rounded up.</summary>
    public long Seconds(long timestamps) => (timestamps + _frequency - 1) / _frequency;

    public TimeSpan Time(long timestamps) => TimeSpan.FromSeconds((double)timestamps / _frequency);

    public static string Text(long number) => number >= 0 && number < s_small.Length ? s_small[number] : number.ToString(CultureInfo.InvariantCulture);
}
