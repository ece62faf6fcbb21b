using Granary.Rpc.Cluster;
using Orleans;
using Orleans.Runtime;

namespace Granary.ApiHost.Cluster;

/// <summary>What <see cref="IManagementGrain"/> tells of silos and grains: for engines that have no <see cref="IClusterInspector"/> of their own.</summary>
internal sealed class ManagementInspector(IGrainFactory grains) : IClusterInspector
{
    private IManagementGrain Management => grains.GetGrain<IManagementGrain>(0);

    public async Task<MemberLoad> LoadAsync(SiloAddress silo)
    {
        var load = (await Management.GetRuntimeStatistics([silo]))[0];
        var environment = load.EnvironmentStatistics;
        return new MemberLoad(load.ActivationCount, load.ClientCount, load.IsOverloaded, environment.FilteredCpuUsagePercentage, environment.FilteredMemoryUsageBytes, null);
    }

    public async Task<GrainActivity?> FindAsync(GrainId grain) =>
        await Management.GetActivationAddress(grains.GetGrain(grain)) is { } silo ? new GrainActivity(silo) : null;
}
