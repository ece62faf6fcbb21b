using Orleans;
using Orleans.Runtime;

namespace Granary.Membership.Tests;

public interface IPlacedGrain : IGrainWithStringKey
{
    Task<string> Where();

    /// <summary>How many turns it has run here.</summary>
    Task<int> Count();
}

internal sealed class PlacedGrain(ILocalSiloDetails silo) : Grain, IPlacedGrain
{
    private int _count;

    public Task<string> Where() => Task.FromResult(silo.SiloAddress.ToString());

    public Task<int> Count() => Task.FromResult(++_count);
}
