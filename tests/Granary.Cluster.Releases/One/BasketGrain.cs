namespace Granary.Cluster.Releases;

[GrainType("basket")]
public sealed class BasketGrain([PersistentState("basket")] IPersistentState<BasketState> basket) : Grain, IBasketGrain
{
    internal const int Release = 1;

    private int _found;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _found = basket.State.Release;
        return Task.CompletedTask;
    }

    public async Task<Basket> Add(int things)
    {
        basket.State.Things += things;
        basket.State.Release = Release;
        await basket.WriteStateAsync();
        return await Read();
    }

    public Task<Basket> Read() => Task.FromResult(new Basket { Things = basket.State.Things, Release = Release, Found = _found });

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}
