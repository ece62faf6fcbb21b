namespace Granary.Gateway.Admission;

/// <summary>The <c>RateLimit-*</c> headers (draft-ietf-httpapi-ratelimit-headers, as most clients read it): limit, remaining and seconds until full of the limit that is nearest, and all policies.</summary>
internal static class RateLimitHeaders
{
    public static void Write<T>(RateLimitSet limits, in RateLimitOutcome outcome, T target, Action<T, string, string> set)
    {
        if (outcome.Tokens is not { } limit) return;
        set(target, "RateLimit-Limit", limit.LimitText);
        set(target, "RateLimit-Remaining", RateLimit.Text(outcome.Lease.Remaining));
        set(target, "RateLimit-Reset", RateLimit.Text(limit.Seconds(outcome.Lease.FullIn)));
        set(target, "RateLimit-Policy", limits.PolicyText);
    }
}
