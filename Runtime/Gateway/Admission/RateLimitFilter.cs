using System.Diagnostics;
using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.Admission;

/// <summary>
/// Lets callers make so many calls, and have so many under way. Allocates nothing for a caller with buckets of this gateway but the header texts of numbers above a thousand.
/// </summary>
internal sealed class RateLimitFilter(RateLimiter limiter) : IRpcFilter
{
    public int Order => RpcStage.Admission;

    public bool Supports(RpcMethod method) => limiter.Enabled;

    public ValueTask InvokeAsync(RpcCall call, RpcNext next)
    {
        var limits = limiter.Find(call.Method);
        if (!limits.IsSimple) return AdmitAsync(call, limits, next);
        var outcome = limiter.Take(limits, RateLimitCaller.Of(call, limits));
        return Tell(call, limits, outcome) ? next(call) : default;
    }

    private async ValueTask AdmitAsync(RpcCall call, RateLimitSet limits, RpcNext next)
    {
        var outcome = await limiter.AdmitAsync(limits, RateLimitCaller.Of(call, limits));
        if (!Tell(call, limits, outcome)) return;
        try
        {
            await next(call);
        }
        finally
        {
            outcome.End();
        }
    }

    private static bool Tell(RpcCall call, RateLimitSet limits, in RateLimitOutcome outcome)
    {
        RateLimitHeaders.Write(limits, outcome, call, static (to, name, value) => to.SetHeader(name, value));
        if (outcome.IsGranted) return true;
        call.Error = TooMany(outcome);
        if (Activity.Current is { IsAllDataRequested: true } span) span.SetTag("granary.rate_limit", outcome.Refused!.Name);
        return false;
    }

    internal static RpcException TooMany(in RateLimitOutcome outcome)
    {
        var limit = outcome.Refused!;
        return outcome.IsConcurrency
            ? new RpcException(StatusCode.ResourceExhausted, $"too many calls are under way: {limit.Concurrency} at a time are allowed")
            {
                Reason = "CONCURRENCY_LIMITED",

                // When one of them ends, which nobody knows; but not at once.
                RetryAfter = TimeSpan.FromSeconds(1),
            }
            : new RpcException(StatusCode.ResourceExhausted, $"too many calls: {limit.PolicyText.Replace(";w=", " in ", StringComparison.Ordinal)} s are allowed")
            {
                Reason = "RATE_LIMITED",
                RetryAfter = limit.Time(outcome.Lease.RetryIn),
            };
    }
}
