using Granary.Rpc.Cluster;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Orleans;
using Orleans.Runtime;

namespace Granary.ApiHost.Hosting;

/// <summary>Ready while calls can be served: some silo answers, and this host has not begun to stop.</summary>
internal sealed class ClusterHealth(IGrainFactory grains, IHostApplicationLifetime lifetime, IServiceProvider services) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested) return HealthCheckResult.Unhealthy("The host is stopping.");

        // With the silo in this process: what it says of itself.
        if (services.GetService<ISiloReadiness>()?.Problem is { } problem) return HealthCheckResult.Unhealthy(problem);

        // The list is what this process believes; that one of them answers is known.
        var management = grains.GetGrain<IManagementGrain>(0);
        var silos = await management.GetHosts(onlyActive: true).WaitAsync(cancellationToken);
        Exception? error = null;
        await foreach (var answer in Task.WhenEach(silos.Keys.Select(silo => management.GetRuntimeStatistics([silo]))).WithCancellation(cancellationToken))
        {
            if (answer.IsCompletedSuccessfully) return HealthCheckResult.Healthy();
            error = answer.Exception?.InnerException;
        }

        return HealthCheckResult.Unhealthy(silos.Count == 0 ? "No silo of the cluster is active." : "No silo of the cluster answers.", error);
    }
}
