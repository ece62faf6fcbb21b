using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Gateway.Admission;

/// <summary>Limits a controller or action, for each caller, by a policy of <see cref="RateLimitOptions.Policies"/>. Checked after authentication, with the headers and the error of RPC calls.</summary>
/// <param name="policy">The policy's name.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class RateLimitPolicyAttribute(string policy) : Attribute, IAsyncResourceFilter
{
    /// <summary>The policy's name.</summary>
    public string Policy { get; } = policy;

    /// <inheritdoc/>
    public Task OnResourceExecutionAsync(ResourceExecutingContext context, ResourceExecutionDelegate next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        var http = context.HttpContext;
        var limiter = http.RequestServices.GetRequiredService<RateLimiter>();
        if (!limiter.Enabled) return next();
        var limit = limiter.Find(Policy, $"The controller {context.ActionDescriptor.DisplayName}");
        var caller = http.User.FindFirst("sub")?.Value ?? RateLimiter.NameOf(http.Connection.RemoteIpAddress);
        var lease = limiter.Take(limit, caller, Policy);
        RateLimitHeaders.Write(limit, lease, http.Response.Headers, static (headers, name, value) => headers[name] = value);
        return lease.Granted ? next() : HttpProblem.WriteAsync(http, RateLimitFilter.TooMany(limit, lease));
    }
}
