using System.Net;
using System.Net.Sockets;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Admission;

/// <summary>Decides whether a call is within the limits of all its policies. What was taken of one is given back when another refuses. Thread-safe.</summary>
internal sealed class RateLimiter
{
    private readonly PartitionTable<TokenBucket> _buckets;
    private readonly PartitionTable<CallsUnderWay> _underWay;
    private readonly SharedRateLimits? _shared;
    private readonly GatewayInstruments _instruments;
    private readonly TimeProvider _time;
    private readonly RpcCatalog _catalog;
    private volatile RateLimitModel _model;

    /// <exception cref="OptionsValidationException">A method names a policy that the configuration does not have.</exception>
    public RateLimiter(RpcCatalog catalog, IOptionsMonitor<GatewayOptions> options, TimeProvider time, GatewayInstruments instruments, SharedRateLimits? shared = null)
    {
        _catalog = catalog;
        _time = time;
        _instruments = instruments;
        _shared = shared;
        var limits = options.CurrentValue.RateLimits;
        Enabled = limits.Enabled;
        _model = new RateLimitModel(catalog, limits, time);
        _buckets = new PartitionTable<TokenBucket>(limits.MaximumBuckets, time);
        _underWay = new PartitionTable<CallsUnderWay>(limits.MaximumBuckets, time);
        options.OnChange(changed => Change(changed.RateLimits));
    }

    /// <summary>Whether there are limits, as it was at the start.</summary>
    public bool Enabled { get; }

    /// <summary>Buckets of this gateway.</summary>
    public int Count => _buckets.Count;

    /// <summary>The limits of a method.</summary>
    public RateLimitSet Find(RpcMethod method) => _model.Of(method);

    /// <summary>The limits of a controller.</summary>
    /// <exception cref="OptionsValidationException">The configuration has no such policy.</exception>
    public RateLimitSet Find(string policies, string usedBy) => _model.Named(policies, usedBy);

    /// <summary>Takes tokens of this gateway's buckets, for limits that need nothing else (<see cref="RateLimitSet.IsSimple"/>). Allocates nothing for a caller with buckets.</summary>
    public RateLimitOutcome Take(RateLimitSet limits, in RateLimitCaller caller)
    {
        var outcome = TakeLocal(limits.Local, caller);
        Note(limits, outcome.Refused, isConcurrency: false);
        return outcome;
    }

    /// <summary>Asks every limit. When it is granted, <see cref="RateLimitOutcome.End"/> must follow the call's end.</summary>
    public async ValueTask<RateLimitOutcome> AdmitAsync(RateLimitSet limits, RateLimitCaller caller)
    {
        var held = limits.Concurrent.Length == 0 ? null : new CallsUnderWay[limits.Concurrent.Length];
        for (var i = 0; i < limits.Concurrent.Length; i++)
        {
            held![i] = Enter(limits.Concurrent[i], caller)!;
            if (held[i] is not null) continue;
            Leave(held);
            Note(limits, limits.Concurrent[i].Limit, isConcurrency: true);
            return new RateLimitOutcome { Refused = limits.Concurrent[i].Limit, IsConcurrency = true };
        }

        var outcome = TakeLocal(limits.Local, caller);
        if (outcome.IsGranted && limits.Shared.Length > 0)
        {
            var shared = _shared is not { IsAvailable: true } ? TakeLocal(limits.Shared, caller) : await _shared.TakeAsync(limits.Shared, caller);
            if (!shared.IsGranted) GiveBack(limits.Local, limits.Local.Length, caller);
            outcome = shared.IsGranted && outcome.Tokens is not null ? RateLimitOutcome.Nearer(outcome, shared) : shared;
        }

        Note(limits, outcome.Refused, isConcurrency: false);
        if (outcome.IsGranted) return outcome with { Held = held };
        Leave(held);
        return outcome;
    }

    /// <summary>Every limit in use, by name.</summary>
    public IEnumerable<RateLimit> Limits => _model.All;

    private void Note(RateLimitSet limits, RateLimit? refused, bool isConcurrency)
    {
        if (refused is not null)
        {
            refused.CountRefused();
            _instruments.RateLimitRefused(refused.Name, isConcurrency ? "concurrency" : "tokens");
            return;
        }

        foreach (var rule in limits.Rules) rule.Limit.CountGranted();
    }

    /// <summary>Who an anonymous caller is taken for where a name is needed: their address; for IPv6 the network of 64 bits, since a single customer commands all of one.</summary>
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

    private RateLimitOutcome TakeLocal(RateLimitRule[] rules, in RateLimitCaller caller)
    {
        var now = _time.GetTimestamp();
        var nearest = default(RateLimitOutcome);
        for (var i = 0; i < rules.Length; i++)
        {
            var limit = rules[i].Limit;
            RateLimitLease lease;
            var key = rules[i].Key(caller);
            while (!_buckets.Get(ref key, now).TryTake(limit.Rate, now, out lease))
            {
            }

            var outcome = new RateLimitOutcome { Tokens = limit, Lease = lease, Refused = lease.Granted ? null : limit };
            if (!lease.Granted)
            {
                GiveBack(rules, i, caller);
                return outcome;
            }

            nearest = i == 0 ? outcome : RateLimitOutcome.Nearer(nearest, outcome);
        }

        return nearest;
    }

    // The first ones of the rules.
    private void GiveBack(RateLimitRule[] rules, int count, in RateLimitCaller caller)
    {
        var now = _time.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            var key = rules[i].Key(caller);
            _buckets.Get(ref key, now).GiveBack(rules[i].Limit.Rate);
        }
    }

    private CallsUnderWay? Enter(RateLimitRule rule, in RateLimitCaller caller)
    {
        var now = _time.GetTimestamp();
        var key = rule.Key(caller);
        while (true)
        {
            var underWay = _underWay.Get(ref key, now);
            if (underWay.TryEnter(rule.Limit.Concurrency, out var entered)) return entered ? underWay : null;
        }
    }

    internal static void Leave(CallsUnderWay[]? held)
    {
        if (held is null) return;
        foreach (var one in held) one?.Leave();
    }

    // Policies that are as they were keep their buckets.
    private void Change(RateLimitOptions changed)
    {
        if (_shared is { IsAvailable: true, IsWanted: false } && changed.Policies.Values.Append(changed.Default).Any(p => p.Shared))
            throw new OptionsValidationException(nameof(GatewayOptions), typeof(GatewayOptions), ["No rate limit was shared when this host started, and one is to be now: that takes a restart."]);
        _model = new RateLimitModel(_catalog, changed, _time, _model);
    }
}

/// <summary>What the limits of a call said.</summary>
internal readonly record struct RateLimitOutcome
{
    /// <summary>The limit that refuses, or null.</summary>
    public RateLimit? Refused { get; init; }

    /// <summary>Whether it refuses since too many calls are under way.</summary>
    public bool IsConcurrency { get; init; }

    /// <summary>The bucket that is nearest to its end, which the headers tell of; null where no bucket was asked.</summary>
    public RateLimit? Tokens { get; init; }

    /// <summary>That bucket's answer.</summary>
    public RateLimitLease Lease { get; init; }

    public bool IsGranted => Refused is null;

    internal CallsUnderWay[]? Held { get; init; }

    /// <summary>The call has ended.</summary>
    public void End() => RateLimiter.Leave(Held);

    /// <summary>The one with fewer tokens left.</summary>
    public static RateLimitOutcome Nearer(in RateLimitOutcome one, in RateLimitOutcome other) => other.Lease.Remaining < one.Lease.Remaining ? other : one;
}
