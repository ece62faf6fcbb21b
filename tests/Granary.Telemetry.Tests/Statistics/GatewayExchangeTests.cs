using Granary.Telemetry.Statistics;
using Granary.Tests.Support;

namespace Granary.Telemetry.Tests.Statistics;

/// <summary>Which log levels those hear of who were not there when they were set.</summary>
public sealed class GatewayExchangeTests
{
    private readonly ManualTime _time = new();
    private readonly GatewayExchangeGrain _grain;

    public GatewayExchangeTests() => _grain = new GatewayExchangeGrain(_time);

    [Fact]
    public async Task What_is_set_for_all_is_kept_while_it_holds_with_the_time_that_is_left()
    {
        await _grain.Order(Set("Granary.Engine", seconds: 600));
        _time.Advance(TimeSpan.FromSeconds(200));
        Assert.Equal(400, Assert.Single(await _grain.Orders()).Seconds);
        Assert.Equal(400, Assert.Single((await _grain.Exchange(new GatewayReport { Name = "late" })).Orders).Seconds);
        _time.Advance(TimeSpan.FromSeconds(400));
        Assert.Empty(await _grain.Orders());
        Assert.Empty((await _grain.Exchange(new GatewayReport { Name = "later" })).Orders);
    }

    [Fact]
    public async Task What_one_process_was_told_and_what_was_taken_back_is_heard_by_those_that_are_there_alone()
    {
        await _grain.Order(Set("Granary.Engine", seconds: 600, process: "silo"));
        await _grain.Order(Set("Granary.Gateway", seconds: 600));
        await _grain.Order(Set("granary.gateway", level: -1));
        Assert.Empty(await _grain.Orders());
        Assert.Equal(["Granary.Engine", "granary.gateway"], (await _grain.Exchange(new GatewayReport { Name = "there" })).Orders.Select(o => o.Category));
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Empty((await _grain.Exchange(new GatewayReport { Name = "late" })).Orders);
    }

    [Fact]
    public async Task A_level_set_anew_takes_the_place_of_the_one_before()
    {
        for (var level = 0; level <= 5; level++) await _grain.Order(Set("Granary.Engine", seconds: 600, level: level));
        Assert.Equal(5, Assert.Single(await _grain.Orders()).Level);
    }

    [Fact]
    public async Task More_levels_than_are_kept_are_refused()
    {
        for (var i = 0; i < 200; i++) await _grain.Order(Set($"C{i}", seconds: 600));
        await Assert.ThrowsAsync<ArgumentException>(() => _grain.Order(Set("one more", seconds: 600)));
        Assert.Equal(200, (await _grain.Orders()).Count);
    }

    private static LevelOrder Set(string category, double seconds = 0, int level = 1, string process = "") =>
        new() { Id = Guid.NewGuid().ToString(), Category = category, Seconds = seconds, Level = level, Process = process, By = "ada" };
}
