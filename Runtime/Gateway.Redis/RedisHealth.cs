using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Granary.Gateway.Redis;

/// <summary>Whether Redis answers this gateway. Without it calls go on, with the gateway's share of shared limits and the lists it has; so it is degraded, and readiness does not hang on it.</summary>
internal sealed class RedisHealth(GatewayStore store) : IHealthCheck
{
    /// <summary>The name of the check.</summary>
    internal const string Name = "redis";

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await store.Connection.RunAsync(database => database.PingAsync(), cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            return HealthCheckResult.Degraded("Redis does not answer this gateway: " + error.Message);
        }
    }
}
