using Granary.ApiHost.Hosting;
using Granary.Gateway.Admission;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Orleans;
using Orleans.Runtime;

namespace Granary.ApiHost.Controllers;

/// <summary>The silos and how they are.</summary>
[ApiController]
[Route("admin/cluster")]
[Authorize(AdminEndpoints.Policy)]
[RateLimitPolicy(AdminEndpoints.RateLimit)]
public sealed class ClusterController(IGrainFactory grains) : ControllerBase
{
    /// <summary>Every silo of the member list, with the load of those that serve.</summary>
    [HttpGet]
    public async Task<ClusterView> Get()
    {
        var management = grains.GetGrain<IManagementGrain>(0);
        var hosts = await management.GetHosts();
        SiloAddress[] active = [.. hosts.Where(h => h.Value == SiloStatus.Active).Select(h => h.Key)];
        var loads = active.Length == 0 ? [] : await management.GetRuntimeStatistics(active);
        var loadOf = active.Zip(loads).ToDictionary(p => p.First, p => p.Second);
        return new ClusterView([.. hosts.OrderBy(h => h.Key.ToParsableString(), StringComparer.Ordinal).Select(h => Describe(h.Key, h.Value, loadOf.GetValueOrDefault(h.Key)))]);
    }

    private static SiloView Describe(SiloAddress silo, SiloStatus status, SiloRuntimeStatistics? load) => new(
        silo.ToParsableString(),
        status.ToString(),
        load?.ActivationCount,
        load?.ClientCount,
        load?.IsOverloaded,
        load is null ? null : Math.Round(load.EnvironmentStatistics.FilteredCpuUsagePercentage, 1),
        load?.EnvironmentStatistics.FilteredMemoryUsageBytes);
}

/// <summary>A cluster.</summary>
/// <param name="Silos">Its silos, by address.</param>
public sealed record ClusterView(IReadOnlyList<SiloView> Silos);

/// <summary>A silo; the load is absent when it does not serve.</summary>
/// <param name="Address"><c>ip:port@generation</c>.</param>
/// <param name="Status">Joining, Active, ShuttingDown, Stopping or Dead.</param>
/// <param name="Activations">Grains in memory.</param>
/// <param name="Clients">Connected clients.</param>
/// <param name="Overloaded">Whether it refuses calls from outside.</param>
/// <param name="CpuPercent">0 to 100 of all cores.</param>
/// <param name="MemoryBytes">Of the process.</param>
public sealed record SiloView(string Address, string Status, int? Activations, long? Clients, bool? Overloaded, double? CpuPercent, long? MemoryBytes);
