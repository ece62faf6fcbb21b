
namespace Granary.Engine.Tests;

[GenerateSerializer]
public sealed class Basket
{
    [Id(0)]
    public List<string> Items { get; set; } = [];
}

[GenerateSerializer, Immutable]
public sealed class Ticket
{
    [Id(0)]
    public List<string> Items { get; set; } = [];
}

public interface IIsolatedGrain : IGrainWithStringKey
{
    Task Keep(Basket basket);

    Task<Basket> Get();

    Task<int> CountAfter(string gate, Basket basket);

    Task<bool> IsSame(Ticket ticket);

    Task KeepTicket(Ticket ticket);

    IAsyncEnumerable<Basket> Watch();
}

public class IsolatedGrain : Grain, IIsolatedGrain
{
    private Basket _basket = new();
    private Ticket? _ticket;

    public Task Keep(Basket basket)
    {
        _basket = basket;
        return Task.CompletedTask;
    }

    public Task<Basket> Get() => Task.FromResult(_basket);

    public async Task<int> CountAfter(string gate, Basket basket)
    {
        await Gates.Get(gate).Wait();
        return basket.Items.Count;
    }

    public Task<bool> IsSame(Ticket ticket) => Task.FromResult(ReferenceEquals(ticket, _ticket));

    public Task KeepTicket(Ticket ticket)
    {
        _ticket = ticket;
        return Task.CompletedTask;
    }

    public async IAsyncEnumerable<Basket> Watch()
    {
        yield return _basket;
        _basket.Items.Add("after the first");
        await Task.Yield();
        yield return _basket;
    }
}

/// <summary>Invariant 5: arguments and results are isolated, except through <c>[Immutable]</c>.</summary>
public sealed class IsolationTests(LocalSilo silo) : IClassFixture<LocalSilo>
{
    private readonly string _key = Guid.NewGuid().ToString("N");

    [Fact]
    public async Task The_grain_does_not_see_what_the_caller_does_to_an_argument_later()
    {
        var grain = silo.Grains.GetGrain<IIsolatedGrain>(_key);
        var basket = new Basket { Items = { "one" } };
        // Often enough that the call has been seen to be short and runs on this thread.
        for (var i = 0; i < 20; i++) await grain.Keep(basket);
        basket.Items.Add("two");
        Assert.Equal(["one"], (await grain.Get()).Items);
    }

    [Fact]
    public async Task A_call_that_waits_in_the_mailbox_keeps_the_arguments_it_was_made_with()
    {
        var grain = silo.Grains.GetGrain<IIsolatedGrain>(_key);
        var basket = new Basket { Items = { "one" } };
        var first = grain.CountAfter(_key, basket);
        var second = grain.CountAfter(_key, basket);
        basket.Items.Add("two");
        Gates.Get(_key).Open();
        Assert.Equal(1, await first.WaitAsync(Gates.Within));
        Assert.Equal(1, await second.WaitAsync(Gates.Within));
    }

    [Fact]
    public async Task The_caller_does_not_see_what_the_grain_does_to_a_result_later_nor_the_grain_the_callers_changes()
    {
        var grain = silo.Grains.GetGrain<IIsolatedGrain>(_key);
        await grain.Keep(new Basket { Items = { "one" } });
        for (var i = 0; i < 20; i++)
        {
            var got = await grain.Get();
            got.Items.Add("mine");
        }

        Assert.Equal(["one"], (await grain.Get()).Items);
    }

    [Fact]
    public async Task Immutable_arguments_are_shared()
    {
        var grain = silo.Grains.GetGrain<IIsolatedGrain>(_key);
        var ticket = new Ticket();
        await grain.KeepTicket(ticket);
        Assert.True(await grain.IsSame(ticket));
    }

    [Fact]
    public async Task Each_item_of_a_stream_is_isolated()
    {
        var grain = silo.Grains.GetGrain<IIsolatedGrain>(_key);
        await grain.Keep(new Basket { Items = { "one" } });
        var seen = new List<Basket>();
        await foreach (var basket in grain.Watch()) seen.Add(basket);
        Assert.Equal(["one"], seen[0].Items);
        Assert.Equal(["one", "after the first"], seen[1].Items);
    }
}
