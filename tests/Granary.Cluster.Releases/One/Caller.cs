namespace Granary.Cluster.Releases;

/// <summary>What a caller built with version 1 does.</summary>
internal sealed class Caller(IGrainFactory grains)
{
    internal async Task<Basket> AddAsync(string basket, int things) => await grains.GetGrain<IBasketGrain>(basket).Add(things);

    internal async Task<Basket> ReadAsync(string basket) => await grains.GetGrain<IBasketGrain>(basket).Read();

    internal async Task LeaveAsync(string basket) => await grains.GetGrain<IBasketGrain>(basket).Leave();

    /// <summary>What only this version can do: nothing.</summary>
    internal Task OwnAsync(string basket, long round) => AddAsync(basket, 1);
}
