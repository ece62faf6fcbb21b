using Granary.Cluster.Contracts;
using Granary.Cluster.Witnessing;

namespace Granary.Cluster.Grains;

public sealed class PlaceGrain(Witness witness) : WitnessedGrain(witness), IPlaceGrain
{
    public async Task<Place> Where()
    {
        await EnterAsync();
        return Place;
    }

    public async Task<Place> Linger(int milliseconds)
    {
        await EnterAsync();
        await Task.Delay(TimeSpan.FromMilliseconds(milliseconds), TimeProvider.System);
        return Place;
    }

    public Task<Place> Compute(int milliseconds)
    {
        Thread.Sleep(milliseconds);
        return Where();
    }

    public async Task<Place> Block(int milliseconds)
    {
        await EnterAsync();
        await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
        Thread.Sleep(milliseconds);
        return Place;
    }
}
