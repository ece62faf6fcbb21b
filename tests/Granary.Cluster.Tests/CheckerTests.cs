using System.Diagnostics;
using Granary.Cluster.Witnessing;

namespace Granary.Cluster.Tests;

/// <summary>Those who judge the engine must find what is wrong when something is.</summary>
public sealed class CheckerTests
{
    [Fact]
    public async Task The_audit_finds_an_activation_that_ran_when_a_later_one_lived()
    {
        await using var redis = await RedisServer.StartAsync("witness", new LoopbackNetwork().Here, isDurable: false);
        using var witness = await Witness.ConnectAsync(redis.Connection);
        using var audit = await Audit.ConnectAsync(redis.Connection);

        // One after the other, as it should be.
        var first = await witness.ClaimAsync("grain", "one");
        await witness.EnterAsync(first);
        var second = await witness.ClaimAsync("grain", "two");
        await witness.EnterAsync(second);
        await audit.ReadAsync();
        Assert.True(second.Token > first.Token);
        Assert.Empty(audit.Overlaps());

        // The first one goes on.
        await witness.EnterAsync(first);
        await audit.ReadAsync();
        var overlap = Assert.Single(audit.Overlaps());
        Assert.Equal(("grain", first.Token, second.Token), (overlap.Grain, overlap.Earlier.Token, overlap.Later.Token));
        Assert.Equal((3L, 2L), (audit.Turns, audit.Activations));
    }

    [Fact]
    public async Task The_audit_does_not_mind_an_activation_that_lived_but_ran_nothing()
    {
        await using var redis = await RedisServer.StartAsync("witness", new LoopbackNetwork().Here, isDurable: false);
        using var witness = await Witness.ConnectAsync(redis.Connection);
        using var audit = await Audit.ConnectAsync(redis.Connection);
        var first = await witness.ClaimAsync("grain", "one");
        await witness.ClaimAsync("grain", "loses the race for the directory");
        await witness.EnterAsync(first);
        await audit.ReadAsync();
        Assert.Empty(audit.Overlaps());
    }

    [Fact]
    public void Two_increments_with_one_value_are_a_lost_write() => Assert.Contains("counter: two increments were told the value 2", Contradictions((1, 0, 10), (2, 11, 20), (2, 21, 30)));

    [Fact]
    public void A_value_that_goes_back_is_a_lost_write() => Assert.Single(Contradictions((2, 0, 10), (1, 11, 20)));

    [Fact]
    public void Increments_at_the_same_time_may_be_told_their_values_in_any_order() => Assert.Empty(Contradictions((2, 0, 10), (1, 5, 20), (3, 15, 40)));

    private static IEnumerable<string> Contradictions(params (long Value, long BeganAt, long EndedAt)[] increments) => Checker.Contradictions("counter", increments.Select(i =>
    {
        var operation = new Operation(Kind.Increment, "counter", i.BeganAt * Stopwatch.Frequency, TimeSpan.FromSeconds(1)) { Value = i.Value };
        operation.End(Outcome.Acknowledged, null, i.EndedAt * Stopwatch.Frequency);
        return operation;
    }));
}
