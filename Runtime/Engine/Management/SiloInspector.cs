using Granary.Engine.Activations;
using Granary.Engine.Membership;
using Granary.Engine.Routing;
using Granary.Engine.Storage;
using Granary.Rpc.Cluster;
using Orleans.Runtime;

namespace Granary.Engine.Management;

/// <summary>Tells of this silo from its own tables.</summary>
internal sealed class SiloInspector(SiloCore silo, SiloLoadMonitor load, LivenessAgent liveness, TimeProvider time) : ISiloInspector
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(100);

    public SiloAddress Address => silo.Address;

    public MemberLoad Load()
    {
        var report = load.Measure(all: false);
        return new MemberLoad(report.Activations, report.Clients, report.IsOverloaded, report.Cpu, report.Memory, TimeSpan.FromMilliseconds(report.QueueDelayMs))
        {
            Suspects = [.. liveness.Suspects],
        };
    }

    public IReadOnlyList<ActiveClass> Classes() =>
    [
        .. silo.Types.Classes.Where(c => c.Active > 0 && !SystemGrains.IsSystem(c.GrainType)).Select(c => new ActiveClass(c.GrainType.ToString()!, c.Type.FullName!, c.Active)),
    ];

    public IReadOnlyList<GrainMailbox> LongestMailboxes(int most) =>
    [
        .. silo.LongMailboxes.Read().Where(m => m.Activation.State <= ActivationState.Active && !SystemGrains.IsSystem(m.Activation.GrainId)).Take(most)
            .Select(m => new GrainMailbox(m.Activation.GrainId, m.Waiting, m.Activation.RunningRequests)),
    ];

    public async Task<GrainActivity?> FindAsync(GrainId grain)
    {
        if (silo.Table.Find(grain) is not { State: ActivationState.Active } activation) return null;
        var (now, utc) = (Volatile.Read(ref silo.Now), time.GetUtcNow());
        var isRunning = activation.RunningRequests > 0;
        return new GrainActivity(silo.Address)
        {
            Since = utc - TimeSpan.FromSeconds(Math.Max(0, (now / 1000) - activation.BornAt)),
            LastUsed = isRunning ? utc : utc - TimeSpan.FromMilliseconds(Math.Max(0, now - activation.LastUsed)),
            Waiting = activation.QueueLength,
            Running = activation.RunningRequests,
            States = await StatesAsync(activation),
        };
    }

    /// <summary>States belong to the grain's turns. One that is busy is not waited for: a page that asks again each second has had the others' by then.</summary>
    private async Task<IReadOnlyList<StoredState>> StatesAsync(Activation activation)
    {
        var told = new TaskCompletionSource<IReadOnlyList<StoredState>>(TaskCreationOptions.RunContinuationsAsynchronously);
        activation.Post(
            _ =>
            {
                try
                {
                    told.TrySetResult([.. (activation.ExtrasOrNull?.Lifecycle?.Migrants ?? []).OfType<IActivationState>().Select(s => s.Describe())]);
                }
                catch (Exception error)
                {
                    told.TrySetException(error);
                }
            },
            null);
        return await Task.WhenAny(told.Task, Task.Delay(s_patience, time)) == told.Task ? await told.Task : [];
    }
}
