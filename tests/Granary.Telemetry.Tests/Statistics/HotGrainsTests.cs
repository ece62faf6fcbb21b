using FsCheck;
using FsCheck.Fluent;
using Granary.Statistics;
using Orleans.Runtime;

namespace Granary.Telemetry.Tests.Statistics;

/// <summary>The sketch against exact counts of the same calls.</summary>
public sealed class HotGrainsTests
{
    private const int Counters = 8;

    [Fact]
    public void A_count_is_never_too_high_without_its_error_and_no_frequent_grain_is_missing() => Prop.ForAll<NonEmptyArray<(byte Grain, byte Weight)>>(calls =>
    {
        var window = new HotGrains.Window(Counters, 1);
        var exact = new Dictionary<GrainId, long>();
        foreach (var (grain, extra) in calls.Get)
        {
            // Few are called often and many seldom.
            var id = GrainId.Create("g", $"{(grain < 128 ? grain % 4 : grain)}");
            var weight = 1 + extra;
            window.Add(id, weight);
            exact[id] = exact.GetValueOrDefault(id) + weight;
        }

        var all = exact.Values.Sum();
        var entries = window.Entries.ToDictionary(e => e.Grain);
        return entries.Count <= Counters
            && entries.Values.Sum(e => e.Count) == all
            && entries.Values.All(e => e.AtLeast <= exact[e.Grain] && exact[e.Grain] <= e.Count && e.Error <= all / Counters)
            && exact.Where(e => e.Value > all / Counters).All(e => entries.ContainsKey(e.Key));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_was_called_long_ago_is_no_longer_hot()
    {
        var hot = new HotGrains(Counters);
        var second = System.Diagnostics.Stopwatch.Frequency;
        hot.Add(GrainId.Create("g", "old"), 1000, second);
        Assert.Single(hot.Read(10, 2 * second));
        hot.Add(GrainId.Create("g", "new"), 1000, 12 * second);
        Assert.Equal(2, hot.Read(10, 13 * second).Count);
        Assert.Equal("g/new", Assert.Single(hot.Read(10, 23 * second)).Grain.ToString());
        Assert.Empty(hot.Read(10, 60 * second));
    }

    [Fact]
    public void Rates_are_of_the_time_that_is_looked_at()
    {
        var hot = new HotGrains(Counters);
        var second = System.Diagnostics.Stopwatch.Frequency;
        for (var i = 1; i <= 8; i++) hot.Add(GrainId.Create("g", "a"), 50, i * second);
        Assert.Equal(50, hot.Read(1, 9 * second)[0].PerSecond);
    }
}
