using Granary.ApiHost.Hosting;
using Granary.Gateway;
using Granary.Gateway.Admission;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Granary.ApiHost.Controllers;

/// <summary>What <c>/readyz</c> is made of. The probes say yes or no to anyone; why is for admins.</summary>
[ApiController]
[Route("admin/health")]
[Authorize(AdminEndpoints.Policy)]
[RateLimitPolicy(AdminEndpoints.RateLimit)]
public sealed class HealthController(HealthCheckService health) : ControllerBase
{
    /// <summary>Runs every check.</summary>
    [HttpGet]
    public async Task<HealthView> GetAsync(CancellationToken cancellation)
    {
        var report = await health.CheckHealthAsync(cancellation);
        var ready = report.Entries.Where(e => e.Value.Tags.Contains(GatewayPipeline.ReadyTag)).All(e => e.Value.Status != HealthStatus.Unhealthy);
        return new HealthView(
            ready,
            [.. report.Entries.Select(e => new HealthCheckView(e.Key, e.Value.Status.ToString(), e.Value.Description ?? e.Value.Exception?.Message, Math.Round(e.Value.Duration.TotalMilliseconds, 3), e.Value.Tags.Contains(GatewayPipeline.ReadyTag)))]);
    }
}

/// <param name="IsReady">What <c>/readyz</c> answers.</param>
/// <param name="Checks">The checks.</param>
public sealed record HealthView(bool IsReady, IReadOnlyList<HealthCheckView> Checks);

/// <param name="Name">Of the check.</param>
/// <param name="Status">Healthy, Degraded (works, with less) or Unhealthy.</param>
/// <param name="Problem">What is wrong; absent when nothing is.</param>
/// <param name="Milliseconds">How long the check took.</param>
/// <param name="CountsForReadiness">Whether <c>/readyz</c> is red while it is unhealthy.</param>
public sealed record HealthCheckView(string Name, string Status, string? Problem, double Milliseconds, bool CountsForReadiness);
