using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Granary.Hosting;

/// <summary>
/// <c>/startupz</c>: red until the host has been ready once, and green from then on, whatever readiness says later. For startup probes, which hold the liveness probe back and must not come back to red.
/// </summary>
internal static class StartupProbe
{
    internal const string Path = "/startupz";

    /// <summary>Maps it, open to anyone.</summary>
    /// <param name="app">The host.</param>
    /// <param name="isCounted">Which checks are of readiness.</param>
    internal static void MapStartupProbe(this WebApplication app, Func<HealthCheckRegistration, bool> isCounted)
    {
        var wasReady = false;
        app.MapGet(Path, async context =>
        {
            if (!Volatile.Read(ref wasReady) && app.Lifetime.ApplicationStarted.IsCancellationRequested)
                Volatile.Write(ref wasReady, (await context.RequestServices.GetRequiredService<HealthCheckService>().CheckHealthAsync(isCounted, context.RequestAborted)).Status != HealthStatus.Unhealthy);
            context.Response.StatusCode = Volatile.Read(ref wasReady) ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
            context.Response.ContentType = "text/plain";
            await context.Response.WriteAsync(Volatile.Read(ref wasReady) ? "Started" : "Starting", context.RequestAborted);
        }).AllowAnonymous();
    }
}
