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
    /// <summary>Activations looked at for their mailboxes in one go: some milliseconds.</summary>
    private const int LookedAtOnce = 50_000;

    private const int MostCandidates = 100;

    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private IEnumerator<Activation>? _scan;
    private List<Activation> _candidates = [];

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

    public IReadOnlyList<GrainMailbox> LongestMailboxes(int most)
    {
        lock (_lock)
        {
            var found = _candidates.Where(Waits).ToHashSet();
            _scan ??= silo.Table.All().GetEnumerator();
            for (var i = 0; i < LookedAtOnce; i++)
            {
                if (!_scan.MoveNext())
                {
                    _scan.Dispose();
                    _scan = null;
                    break;
                }

                if (Waits(_scan.Current)) found.Add(_scan.Current);
            }

            _candidates = [.. found.OrderByDescending(a => a.QueueLength).Take(MostCandidates)];
            return [.. _candidates.Take(most).Select(a => new GrainMailbox(a.GrainId, a.QueueLength, a.RunningRequests))];
        }
    }

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

    private static bool Waits(Activation activation) => activation.QueueLength > 0 && activation.State <= ActivationState.Active && !SystemGrains.IsSystem(activation.GrainId);
}
