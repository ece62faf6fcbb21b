using Granary.Calls;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.Statistics;

namespace Granary.Engine.Management;

/// <summary>
/// What <see cref="IGrainFactory"/> gives for <see cref="IManagementGrain"/>: no grain, but a reference that asks the silos themselves, in any silo and any client, with one call to each.
/// A silo that cannot be asked fails the whole question.
/// </summary>
internal sealed class ManagementGrain(ProxyInit init, ProcessCore process) : GrainProxy(init), IManagementGrain
{
    /// <summary>The grain type in its id; no class has it.</summary>
    internal static readonly GrainType Type = GrainType.Create("sys.management");

    internal static CallInterface CreateInterface(Func<ProcessCore> process) =>
        new(typeof(IManagementGrain), "Orleans.Runtime.IManagementGrain", 0, init => new ManagementGrain(init, process()), []);

    public Task<Dictionary<SiloAddress, SiloStatus>> GetHosts(bool onlyActive = false) => Task.FromResult(
        process.View.Silos.Where(s => !onlyActive || s.Status == SiloStatus.Active).ToDictionary(s => s.Address, s => s.Status));

    public Task ForceGarbageCollection(SiloAddress[] hostsIds) => Task.WhenAll(Of(hostsIds).Select(s => Control(s).CollectGarbage()));

    public Task ForceActivationCollection(SiloAddress[] hostsIds, TimeSpan ageLimit) => Task.WhenAll(Of(hostsIds).Select(s => Control(s).Collect(ageLimit)));

    public Task ForceActivationCollection(TimeSpan ageLimit) => ForceActivationCollection([], ageLimit);

    public Task ForceRuntimeStatisticsCollection(SiloAddress[] siloAddresses) => Task.WhenAll(Of(siloAddresses).Select(s => Control(s).Report()));

    public async Task<SiloRuntimeStatistics[]> GetRuntimeStatistics(SiloAddress[] hostsIds) =>
        Array.ConvertAll(await Task.WhenAll(Of(hostsIds).Select(s => Control(s).Report())), Statistics);

    public async Task<SimpleGrainStatistic[]> GetSimpleGrainStatistics(SiloAddress[] hostsIds)
    {
        var silos = Of(hostsIds);
        var counts = await Task.WhenAll(silos.Select(s => Control(s).CountByType()));
        return
        [
            .. silos.Zip(counts).SelectMany(p => p.Second.Select(c => new SimpleGrainStatistic { GrainType = c.ClassName, SiloAddress = p.First, ActivationCount = c.Count })),
        ];
    }

    public Task<SimpleGrainStatistic[]> GetSimpleGrainStatistics() => GetSimpleGrainStatistics([]);

    public async Task<DetailedGrainStatistic[]> GetDetailedGrainStatistics(string[]? types = null, SiloAddress[]? hostsIds = null)
    {
        var silos = Of(hostsIds);
        var grains = await Task.WhenAll(silos.Select(s => Control(s).ActiveGrains([.. types ?? []])));
        return
        [
            .. silos.Zip(grains).SelectMany(p => p.Second.Select(GrainId.Parse)
                .Select(id => new DetailedGrainStatistic { GrainType = id.Type.ToString(), SiloAddress = p.First, GrainId = id })),
        ];
    }

    public async Task<int> GetGrainActivationCount(GrainReference grainReference)
    {
        ArgumentNullException.ThrowIfNull(grainReference);
        var type = grainReference.GrainId.Type.ToString();
        var counts = await Task.WhenAll(Of(null).Select(s => Control(s).CountByType()));
        return counts.Sum(c => c.Where(t => t.GrainType == type).Sum(t => t.Count));
    }

    public async Task<int> GetTotalActivationCount() => (await Task.WhenAll(Of(null).Select(s => Control(s).Report()))).Sum(r => r.Activations);

    public async ValueTask<SiloAddress?> GetActivationAddress(IAddressable reference)
    {
        var grainId = reference.GetGrainId();
        var asked = (process as SiloCore)?.Address ?? process.Locator.Home(grainId) ?? throw new SiloUnavailableException("No active silo is known.");
        var found = await Control(asked).Find(grainId.ToString());
        return found.Length == 0 ? null : SiloAddress.FromParsableString(found);
    }

    public async ValueTask<List<GrainId>> GetActiveGrains(GrainType type) =>
        [.. (await GetDetailedGrainStatistics([type.ToString()])).Select(s => s.GrainId)];

    private static SiloRuntimeStatistics Statistics(SiloReport report) => new()
    {
        ActivationCount = report.Activations,
        RecentlyUsedActivationCount = report.RecentlyUsed,
        IsOverloaded = report.IsOverloaded,
        ClientCount = report.Clients,
        ReceivedMessages = report.Received,
        SentMessages = report.Sent,
        DateTime = report.At,
        EnvironmentStatistics = new EnvironmentStatistics(
            report.Cpu, report.RawCpu, report.Memory, report.RawMemory, report.AvailableMemory, report.RawAvailableMemory, report.MaximumMemory),
    };

    private SiloAddress[] Of(SiloAddress[]? silos) => silos is { Length: > 0 } ? silos : [.. process.View.Active.Select(s => s.Address)];

    private ISiloControl Control(SiloAddress silo) => process.Services.GetRequiredService<IGrainFactory>().GetGrain<ISiloControl>(SiloControl.IdIn(silo));
}
