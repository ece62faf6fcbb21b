using Granary.Rpc.Cluster;
using Orleans;
using Orleans.Runtime;

namespace Granary.Engine.Management;

/// <summary>Asks the silos by their control grains.</summary>
internal sealed class ClusterInspector(IGrainFactory grains, TimeProvider time) : IClusterInspector
{
    public async Task<MemberLoad> LoadAsync(SiloAddress silo)
    {
        var control = grains.GetGrain<ISiloControl>(SiloControl.IdIn(silo));
        var (asked, suspects) = (control.Report(), control.Suspects());
        await Task.WhenAll(asked, suspects);
        var report = await asked;
        return new MemberLoad(report.Activations, report.Clients, report.IsOverloaded, report.Cpu, report.Memory, TimeSpan.FromMilliseconds(report.QueueDelayMs))
        {
            Suspects = [.. (await suspects).Select(SiloAddress.FromParsableString)],
        };
    }

    public async Task<GrainActivity?> FindAsync(GrainId grain)
    {
        var silo = await grains.GetGrain<IManagementGrain>(0).GetActivationAddress(grains.GetGrain(grain));
        if (silo is null) return null;
        var report = await grains.GetGrain<ISiloControl>(SiloControl.IdIn(silo)).Inspect(grain.ToString());

        // Gone between the two questions.
        if (!report.IsActive) return null;
        var now = time.GetUtcNow();
        return new GrainActivity(silo)
        {
            Since = now - TimeSpan.FromSeconds(report.AgeSeconds),
            LastUsed = now - TimeSpan.FromSeconds(report.IdleSeconds),
            Waiting = report.Waiting,
            Running = report.Running,
        };
    }
}
