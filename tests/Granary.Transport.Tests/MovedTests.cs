namespace Granary.Transport.Tests;

public sealed class MovedTests
{
    [Fact]
    public async Task A_call_to_a_silo_that_has_not_the_grain_finds_it_with_the_arguments_it_had_and_the_next_one_goes_there_at_once()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var client = cluster.AddClient();
        var grain = client.ProbeOn(two);
        var id = ((GrainReference)grain).GrainId;
        Assert.Equal(1, await grain.Add(0, 1)); // it is placed somewhere
        var owner = client.Core.Locator.Cached(id) ?? two.Address!;
        var other = owner.Equals(one.Address) ? two : one;

        client.Core.Locator.Remember(id, other.Address!);
        var numbers = new List<int> { 4, 5, 6 };
        var sum = grain.Sum(numbers);
        numbers[0] = 1000;
        Assert.Equal(15, await sum);
        Assert.Equal(owner, client.Core.Locator.Cached(id));
        await client.AssertAtRest();
        await one.AssertAtRest();
        await two.AssertAtRest();
    }

    [Fact]
    public async Task A_one_way_call_to_a_silo_that_has_not_the_grain_is_sent_on()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var client = cluster.AddClient();
        var grain = client.ProbeOn(two);
        var id = ((GrainReference)grain).GrainId;
        await grain.Add(0, 1);
        var owner = client.Core.Locator.Cached(id) ?? two.Address!;
        client.Core.Locator.Remember(id, owner.Equals(one.Address) ? two.Address! : one.Address!);
        var gate = Gate.NewName();
        await grain.Note(gate);
        await Gate.Of(gate).Entered;
        await one.AssertAtRest();
        await two.AssertAtRest();
    }

    [Fact]
    public async Task Streams_move_too()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var client = cluster.AddClient();
        var grain = client.ProbeOn(two);
        var id = ((GrainReference)grain).GrainId;
        await grain.Add(0, 1);
        var owner = client.Core.Locator.Cached(id) ?? two.Address!;
        client.Core.Locator.Remember(id, owner.Equals(one.Address) ? two.Address! : one.Address!);
        var items = new List<int>();
        await foreach (var item in grain.Count(200)) items.Add(item);
        Assert.Equal(Enumerable.Range(0, 200), items);
    }
}
