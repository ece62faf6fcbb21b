using System.Text.Json.Serialization;
using Granary.ApiHost.Controllers;
using Granary.Gateway;
using Granary.Gateway.Audit;
using Granary.Telemetry.Prometheus;

namespace Granary.ApiHost.Hosting;

/// <summary>The endpoints for those who run this host: the controllers under <c>/admin</c>, and the metrics.</summary>
internal static class AdminEndpoints
{
    /// <summary>The authorization policy of the controllers: the role <c>admin</c>.</summary>
    internal const string Policy = "admin";

    /// <summary>The authorization policy of <c>/metrics</c>: a scraper needs no more than the role <c>metrics</c>.</summary>
    internal const string MetricsPolicy = "metrics";

    /// <summary>Their rate limit policy, in <c>Granary:RateLimits:Policies</c>.</summary>
    internal const string RateLimit = "admin";

    internal static void AddAdmin(this IServiceCollection services)
    {
        services.AddAuthorizationBuilder().AddPolicy(Policy, policy => policy.RequireRole("admin")).AddPolicy(MetricsPolicy, policy => policy.RequireRole("admin", "metrics"));
        services.AddSingleton<DevelopmentTokens>();
        services.AddMvcCore(mvc =>
            {
                mvc.Filters.Add<ProblemFilter>();
                mvc.Filters.Add<AuditFilter>();
            })
            .ConfigureApiBehaviorOptions(api => api.InvalidModelStateResponseFactory = context => new BodyProblem(context.ModelState))
            .AddAuthorization()
            .AddJsonOptions(o =>
            {
                // Their texts name our types; BodyProblem says it in the caller's terms.
                o.AllowInputFormatterExceptionMessages = false;
                o.JsonSerializerOptions.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
                o.JsonSerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
                o.JsonSerializerOptions.TypeInfoResolverChain.Insert(0, AdminJson.Default);
            });
        services.AddHealthChecks().AddCheck<ClusterHealth>("cluster", tags: [GatewayPipeline.ReadyTag], timeout: TimeSpan.FromSeconds(2));
    }

    internal static void MapAdmin(this WebApplication app, ApiHostOptions options)
    {
        app.MapControllers();
        var metrics = app.MapGranaryMetrics();
        if (options.AnonymousMetrics ?? app.Environment.IsDevelopment()) metrics.AllowAnonymous();
        else metrics.RequireAuthorization(MetricsPolicy);
    }
}
