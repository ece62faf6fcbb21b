using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Granary.Gateway;

/// <summary>Puts the gateway into a host's request pipeline.</summary>
public static class GatewayPipeline
{
    /// <summary>
    /// Serves the RPC addresses, then routing, authentication, authorization and rate limits (<see cref="Admission.RateLimitPolicyAttribute"/>) for the host's own endpoints, all with
    /// problem documents for errors. Call it first, and none of those again.
    /// </summary>
    public static IApplicationBuilder UseGranaryGateway(this IApplicationBuilder app)
    {
        app.UseRouting();
        return app;
    }

    /// <summary>Maps <c>/openapi.json</c>, <c>/docs</c>, <c>/healthz</c> and <c>/readyz</c>.</summary>
    public static IEndpointRouteBuilder MapGranary(this IEndpointRouteBuilder endpoints) => endpoints;
}
