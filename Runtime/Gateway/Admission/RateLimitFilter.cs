using System.Collections.Frozen;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Admission;

/// <summary>Lets each caller make so many calls of each method. Allocates nothing for a caller with a bucket but the header texts of numbers above a thousand.</summary>
internal sealed class RateLimitFilter : IRpcFilter
{
    private readonly RateLimiter _limiter;
    private readonly FrozenDictionary<RpcMethod, RateLimit> _limits;

    /// <exception cref="OptionsValidationException">A method names a policy that the configuration does not have.</exception>
    public RateLimitFilter(RpcCatalog catalog, RateLimiter limiter)
    {
        _limiter = limiter;
        _limits = catalog.Services.SelectMany(s => s.Methods).ToFrozenDictionary(m => m, m => limiter.Find(m.RateLimit, $"The method {m}"));
    }

    public int Order => RpcStage.Admission;

    public bool Supports(RpcMethod method) => _limiter.Enabled;

    public ValueTask InvokeAsync(RpcCall call, RpcNext next)
    {
        var limit = _limits[call.Method];
        var caller = call.Caller.IsAuthenticated ? call.Caller.Subject : RateLimiter.NameOf(call.RemoteAddress);
        var lease = _limiter.Take(limit, caller, call.Method);
        RateLimitHeaders.Write(limit, lease, call, static (to, name, value) => to.SetHeader(name, value));
        if (lease.Granted) return next(call);
        call.Error = TooMany(limit, lease);
        return default;
    }

    internal static RpcException TooMany(RateLimit limit, RateLimitLease lease) =>
        new(StatusCode.ResourceExhausted, $"too many calls: {limit.PolicyText.Replace(";w=", " in ", StringComparison.Ordinal)} s are allowed")
        {
            Reason = "RATE_LIMITED",
            RetryAfter = limit.Time(lease.RetryIn),
        };
}
