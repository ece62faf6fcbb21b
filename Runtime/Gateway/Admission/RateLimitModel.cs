using System.Collections.Concurrent;
using System.Collections.Frozen;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Admission;

/// <summary>The limits of every method and controller, of one configuration. Thread-safe.</summary>
internal sealed class RateLimitModel
{
    private readonly ConcurrentDictionary<string, RateLimit> _limits = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, RateLimitSet> _named = new(StringComparer.Ordinal);
    private readonly FrozenDictionary<RpcMethod, RateLimitSet> _methods;
    private readonly RateLimitOptions _options;
    private readonly TimeProvider _time;
    private readonly RateLimit _default;

    /// <param name="catalog">The methods.</param>
    /// <param name="options">The configuration.</param>
    /// <param name="time">The clock of the buckets.</param>
    /// <param name="before">The one that this one takes the place of, whose limits are taken over where they are the same: their buckets stay.</param>
    /// <exception cref="OptionsValidationException">A method names a policy that the configuration does not have.</exception>
    public RateLimitModel(RpcCatalog catalog, RateLimitOptions options, TimeProvider time, RateLimitModel? before = null)
    {
        _options = options;
        _time = time;
        foreach (var (name, limit) in before?._limits ?? [])
        {
            if (options.Policies.TryGetValue(name, out var policy) && IsSame(limit.Policy, policy)) _limits[name] = limit;
        }

        _default = before is not null && IsSame(before._default.Policy, options.Default) ? before._default : new RateLimit("default", options.Default, time);
        var methods = new Dictionary<RpcMethod, RateLimitSet>();
        var faults = new List<string>();
        foreach (var method in catalog.Services.SelectMany(s => s.Methods))
        {
            try
            {
                var own = method.RateLimit is null ? [_default] : Limits(method.RateLimit, $"The method {method}");
                methods.Add(method, new RateLimitSet(own.Concat(options.Always.SelectMany(n => Limits(n, "RateLimits:Always"))).Distinct().Select(l => RateLimitSet.Rule(l, method))));
            }
            catch (OptionsValidationException error)
            {
                faults.AddRange(error.Failures);
            }
        }

        if (faults.Count > 0) throw new OptionsValidationException(nameof(GatewayOptions), typeof(GatewayOptions), faults.Distinct(StringComparer.Ordinal));
        _methods = methods.ToFrozenDictionary();
    }

    /// <summary>The limits of a method: of the policies it names, or the default one, and those for every call.</summary>
    public RateLimitSet Of(RpcMethod method) => _methods[method];

    /// <summary>Every limit in use, by name.</summary>
    public IEnumerable<RateLimit> All => _limits.Values.Append(_default).DistinctBy(l => l.Name).OrderBy(l => l.Name, StringComparer.Ordinal);

    /// <summary>The limits of a controller.</summary>
    /// <exception cref="OptionsValidationException">The configuration has no such policy.</exception>
    public RateLimitSet Named(string policies, string usedBy) =>
        _named.GetOrAdd(policies, static (names, state) => new RateLimitSet(state.This.Limits(names, state.usedBy).Select(l => new RateLimitRule(l, null, l.Name))), (This: this, usedBy));

    private RateLimit[] Limits(string policies, string usedBy) =>
        [.. policies.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(name => _limits.GetOrAdd(name, static (name, state) => state.This.Make(name, state.usedBy), (This: this, usedBy)))];

    private RateLimit Make(string name, string usedBy)
    {
        if (_options.Policies.TryGetValue(name, out var found)) return new RateLimit(name, found, _time);
        throw new OptionsValidationException(nameof(GatewayOptions), typeof(GatewayOptions), [
            $"{usedBy} names the rate limit '{name}', which the configuration does not have. Add it, for example: \"Granary\": {{ \"RateLimits\": {{ \"Policies\": {{ \"{name}\": {{ \"Tokens\": 10, \"Period\": \"00:00:01\", \"Burst\": 20 }} }} }} }}."]);
    }

    private static bool IsSame(RateLimitPolicy one, RateLimitPolicy other) =>
        one.Tokens == other.Tokens && one.Period == other.Period && one.Burst == other.Burst && one.Concurrency == other.Concurrency && one.Shared == other.Shared && one.By.SequenceEqual(other.By);
}
