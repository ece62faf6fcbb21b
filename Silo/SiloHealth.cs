using Granary.Rpc.Cluster;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Orleans;
using Orleans.Runtime;

namespace Granary.Silo;

/// <summary>Ready while this silo serves: not before it has joined the cluster, not while its lease is in doubt, and not once it has begun to stop.</summary>
internal sealed class SiloHealth(IGrainFactory grains, ILocalSiloDetails silo, IHostApplicationLifetime lifetime, IServiceProvider services) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (!lifetime.ApplicationStarted.IsCancellationRequested) return HealthCheckResult.Unhealthy("The silo is starting.");
        if (lifetime.ApplicationStopping.IsCancellationRequested) return HealthCheckResult.Unhealthy("The silo is stopping.");
        if (services.GetService<ISiloReadiness>() is { } readiness) return readiness.Problem is { } problem ? HealthCheckResult.Unhealthy(problem) : HealthCheckResult.Healthy();

        // An engine that does not tell: what the member list says.
        var hosts = await grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true).WaitAsync(cancellationToken);
        return hosts.ContainsKey(silo.SiloAddress) ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy($"The silo {silo.SiloAddress} is not an active member of its cluster.");
    }
}
