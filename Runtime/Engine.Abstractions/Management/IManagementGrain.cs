namespace Orleans.Runtime;

/// <summary>Asks and commands silos. The key is 0. A null or absent list of silos means all active ones.</summary>
public interface IManagementGrain : IGrainWithIntegerKey
{
    /// <summary>The silos of the member list with their status.</summary>
    /// <param name="onlyActive">Whether silos that are not serving are left out.</param>
    Task<Dictionary<SiloAddress, SiloStatus>> GetHosts(bool onlyActive = false);

    /// <summary>Runs the garbage collector of the silos.</summary>
    Task ForceGarbageCollection(SiloAddress[] hostsIds);

    /// <summary>Deactivates what has been idle for <paramref name="ageLimit"/> on these silos.</summary>
    Task ForceActivationCollection(SiloAddress[] hostsIds, TimeSpan ageLimit);

    /// <summary>Deactivates what has been idle for <paramref name="ageLimit"/> everywhere.</summary>
    Task ForceActivationCollection(TimeSpan ageLimit);

    /// <summary>Measures the silos' load now.</summary>
    Task ForceRuntimeStatisticsCollection(SiloAddress[] siloAddresses);

    /// <summary>The load of each of the silos, in their order.</summary>
    Task<SiloRuntimeStatistics[]> GetRuntimeStatistics(SiloAddress[] hostsIds);

    /// <summary>Activations by grain type and silo, for these silos.</summary>
    Task<SimpleGrainStatistic[]> GetSimpleGrainStatistics(SiloAddress[] hostsIds);

    /// <summary>Activations by grain type and silo.</summary>
    Task<SimpleGrainStatistic[]> GetSimpleGrainStatistics();

    /// <summary>Every activation of these grain types on these silos; absent means all.</summary>
    Task<DetailedGrainStatistic[]> GetDetailedGrainStatistics(string[]? types = null, SiloAddress[]? hostsIds = null);

    /// <summary>The activations of a grain's type in the cluster.</summary>
    Task<int> GetGrainActivationCount(GrainReference grainReference);

    /// <summary>All activations in the cluster.</summary>
    Task<int> GetTotalActivationCount();

    /// <summary>The silo on which a grain is active; null when it is not. Does not activate it.</summary>
    ValueTask<SiloAddress?> GetActivationAddress(IAddressable reference);

    /// <summary>The active grains of a type.</summary>
    ValueTask<List<GrainId>> GetActiveGrains(GrainType type);
}
