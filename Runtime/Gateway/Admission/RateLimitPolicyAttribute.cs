using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Admission;

/// <summary>Limits a controller or action by policies of <see cref="RateLimitOptions.Policies"/>. Checked after authentication, with the headers and the error of RPC calls.</summary>
/// <param name="policy">The policy's name; several are separated by commas.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class RateLimitPolicyAttribute(string policy) : Attribute, IAsyncResourceFilter
{
    /// <summary>The policy's name.</summary>
    public string Policy { get; } = policy;

    /// <inheritdoc/>
    public async Task OnResourceExecutionAsync(ResourceExecutingContext context, ResourceExecutionDelegate next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        var http = context.HttpContext;
        var limiter = http.RequestServices.GetRequiredService<RateLimiter>();
        if (!limiter.Enabled)
        {
            await next();
            return;
        }

        var limits = limiter.Find(Policy, $"The controller {context.ActionDescriptor.DisplayName}");
        var caller = new RateLimitCaller(http.User.FindFirst("sub")?.Value ?? "", http.User.FindFirst(http.RequestServices.GetRequiredService<IOptions<GatewayOptions>>().Value.Authentication.TenantClaim)?.Value ?? "", RateLimitCaller.NetworkOf(http.Connection.RemoteIpAddress));
        var outcome = await limiter.AdmitAsync(limits, caller);
        RateLimitHeaders.Write(limits, outcome, http.Response.Headers, static (headers, name, value) => headers[name] = value);
        if (!outcome.IsGranted)
        {
            await HttpProblem.WriteAsync(http, RateLimitFilter.TooMany(outcome));
            return;
        }

        try
        {
            await next();
        }
        finally
        {
            outcome.End();
        }
    }
}
