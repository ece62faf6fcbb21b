using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Granary.Gateway.Authentication;

/// <summary>Ready once it is known who is revoked and blocked, and which API keys there are.</summary>
internal sealed class ListsHealth(CallerGate gate, ApiKeys keys) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        gate.Loaded.IsCompletedSuccessfully && keys.Loaded.IsCompletedSuccessfully ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("The lists of revocations, blocks and API keys have not been fetched yet."));
}
