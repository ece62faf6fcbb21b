namespace Granary.Cluster.Releases;

[GrainType("basket")]
public sealed class BasketGrain([PersistentState("basket")] IPersistentState<BasketState> basket) : Grain, IBasketGrain
{
    internal const int Release = 2;

    private int _found;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _found = basket.State.Release;
        return Task.CompletedTask;
    }

    public async Task<Basket> Add(int things)
    {
        basket.State.Things += things;
        return await StoreAsync();
    }

    public async Task<Basket> Annotate(string note)
    {
        basket.State.Note = note;
        return await StoreAsync();
    }

    public Task<Basket> Read() => Task.FromResult(new Basket { Things = basket.State.Things, Release = Release, Found = _found, Note = basket.State.Note });

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    private async Task<Basket> StoreAsync()
    {
        basket.State.Release = Release;
        await basket.WriteStateAsync();
        return await Read();
    }
}
