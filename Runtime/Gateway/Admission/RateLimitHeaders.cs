namespace Granary.Gateway.Admission;

/// <summary>The <c>RateLimit-*</c> headers (draft-ietf-httpapi-ratelimit-headers, as most clients read it): limit, remaining and seconds until full, and the policy.</summary>
internal static class RateLimitHeaders
{
    public static void Write<T>(RateLimit limit, in RateLimitLease lease, T target, Action<T, string, string> set)
    {
        set(target, "RateLimit-Limit", limit.LimitText);
        set(target, "RateLimit-Remaining", RateLimit.Text(lease.Remaining));
        set(target, "RateLimit-Reset", RateLimit.Text(limit.Seconds(lease.FullIn)));
        set(target, "RateLimit-Policy", limit.PolicyText);
    }
}
