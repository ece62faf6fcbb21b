using System.Globalization;

namespace Granary.Cluster.Releases;

/// <summary>What a caller built with version 2 does, and what it relies on.</summary>
internal sealed class Caller(IGrainFactory grains)
{
    internal async Task<Basket> AddAsync(string basket, int things) => Served(await grains.GetGrain<IBasketGrain>(basket).Add(things));

    internal async Task<Basket> ReadAsync(string basket) => Served(await grains.GetGrain<IBasketGrain>(basket).Read());

    internal async Task LeaveAsync(string basket) => await grains.GetGrain<IBasketGrain>(basket).Leave();

    /// <summary>What only this version can do: a note, which is there as long as nobody of version 1 calls the basket.</summary>
    internal async Task OwnAsync(string basket, long round)
    {
        var note = round.ToString(CultureInfo.InvariantCulture);
        var written = Served(await grains.GetGrain<IBasketGrain>(basket).Annotate(note));
        var read = await AddAsync(basket, 1);
        if (written.Note != note || read.Note != note) throw new InvalidOperationException($"The note '{note}' of {basket} came back as '{written.Note}' and '{read.Note}'.");
    }

    private static Basket Served(Basket basket) =>
        basket.Release >= BasketGrain.Release ? basket : throw new InvalidOperationException($"A call of version 2 was answered by release {basket.Release}.");
}
