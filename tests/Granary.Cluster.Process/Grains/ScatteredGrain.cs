using Granary.Cluster.Contracts;
using Granary.Cluster.Witnessing;
using Orleans.Placement;

namespace Granary.Cluster.Grains;

[RandomPlacement]
public sealed class ScatteredGrain(Witness witness) : WitnessedGrain(witness), IScatteredGrain
{
    public async Task<Place> Where()
    {
        await EnterAsync();
        return Place;
    }
}
