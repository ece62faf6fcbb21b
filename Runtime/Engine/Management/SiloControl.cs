using Granary.Engine.Activations;
using Granary.Engine.Collection;
using Granary.Engine.Hosting;
using Granary.Engine.Membership;
using Granary.Engine.Routing;
using Orleans;
using Orleans.Runtime;

namespace Granary.Engine.Management;

/// <summary>This silo's answers.</summary>
[GrainType(TypeName)]
internal sealed class SiloControl(SiloCore silo, SiloHost host, SiloLoadMonitor load, LivenessAgent liveness) : Grain, ISiloControl
{
    private const string TypeName = "sys.control";
    private static readonly GrainType s_type = GrainType.Create(TypeName);

    /// <summary>The id of the one in that silo.</summary>
    internal static GrainId IdIn(SiloAddress silo) => SystemGrains.IdFor(s_type, silo);

    public Task Ping() => Task.CompletedTask;

    public Task<SiloReport> Report() => Task.FromResult(load.Measure());

    public Task<List<string>> Suspects() => Task.FromResult<List<string>>([.. liveness.Suspects.Select(s => s.ToParsableString())]);

    public Task<List<GrainTypeCount>> CountByType() => Task.FromResult<List<GrainTypeCount>>(
    [
        .. Grains().CountBy(a => a.Class).Select(p => new GrainTypeCount { GrainType = p.Key.GrainType.ToString(), ClassName = p.Key.Type.FullName!, Count = p.Value }),
    ]);

    public Task<List<string>> ActiveGrains(List<string> types)
    {
        var wanted = types.ToHashSet(StringComparer.Ordinal);
        return Task.FromResult<List<string>>(
        [
            .. Grains().Where(a => wanted.Count == 0 || wanted.Contains(a.Class.GrainType.ToString()) || wanted.Contains(a.Class.Type.FullName!)).Select(a => a.GrainId.ToString()),
        ]);
    }

    public async Task<string> Find(string grain)
    {
        var grainId = GrainId.Parse(grain);
        if (silo.Table.Find(grainId) is { State: ActivationState.Active }) return silo.Address.ToParsableString();
        if (silo.Locator.IsLocal) return "";
        return (await silo.Locator.FindAsync(grainId))?.ToParsableString() ?? "";
    }

    public Task<GrainReport> Inspect(string grain)
    {
        if (silo.Table.Find(GrainId.Parse(grain)) is not { State: ActivationState.Active } activation) return Task.FromResult(new GrainReport());
        var now = Volatile.Read(ref silo.Now);
        return Task.FromResult(new GrainReport
        {
            IsActive = true,
            Waiting = activation.QueueLength,
            Running = activation.RunningRequests,
            AgeSeconds = Math.Max(0, (now / 1000) - activation.BornAt),
            IdleSeconds = activation.RunningRequests > 0 ? 0 : Math.Max(0, now - activation.LastUsed) / 1000,
        });
    }

    public Task<bool> Deactivate(string grain)
    {
        if (silo.Table.Find(GrainId.Parse(grain)) is not { State: <= ActivationState.Active } activation) return Task.FromResult(false);
        activation.RequestDeactivation(new DeactivationReason(DeactivationReasonCode.RuntimeRequested, "An operator asked for it."));
        return Task.FromResult(true);
    }

    public Task<bool> Migrate(string grain)
    {
        if (silo.Table.Find(GrainId.Parse(grain)) is not { State: <= ActivationState.Active } activation) return Task.FromResult(false);
        activation.Migrate(null);
        return Task.FromResult(true);
    }

    public Task<int> Collect(TimeSpan age) => Task.FromResult(host.Collector?.Collect(age) ?? 0);

    public Task CollectGarbage()
    {
        GC.Collect();
        return Task.CompletedTask;
    }

    public Task ReportLoad(string silo, SiloReport report)
    {
        if (SiloAddress.TryParse(silo, out var address)) load.Take(address, report);
        return Task.CompletedTask;
    }

    public Task<int> AskSupport(string silo) =>
        Task.FromResult((int)(SiloAddress.TryParse(silo, out var asker) ? liveness.OnAsked(asker) : SupportAnswer.None));

    public Task<bool> AcceptMigrant(Migrant migrant) => GrainMigration.AcceptAsync(silo, migrant);

    private IEnumerable<Activation> Grains() => silo.Table.All().Where(a => a.State == ActivationState.Active && !SystemGrains.IsSystem(a.GrainId));
}
