using System.Diagnostics;
using Granary.Calls;

namespace Granary.Engine.Tests;

/// <summary>Which methods may run on their caller's thread.</summary>
public sealed class TurnMeterTests
{
    private static readonly long s_short = Stopwatch.Frequency / 1_000_000;
    private static readonly long s_long = Stopwatch.Frequency / 100;

    [Fact]
    public void A_method_is_short_once_it_has_been_seen_to_be()
    {
        var meter = new TurnMeter();
        Assert.False(meter.IsShort);
        Short(meter, 4);
        Assert.True(meter.IsShort);
    }

    [Fact]
    public void A_slow_method_never_counts_as_short()
    {
        var meter = new TurnMeter();
        for (var i = 0; i < 20; i++) meter.Record(s_long);
        Assert.False(meter.IsShort);
    }

    [Fact]
    public void One_slow_turn_is_looked_at_again_and_a_second_one_ends_running_in_place()
    {
        var meter = new TurnMeter();
        Short(meter, 10);
        meter.Record(s_long);
        Assert.True(meter.IsShort);
        Assert.True(meter.ShouldSample());
        meter.Record(s_long);
        Assert.False(meter.IsShort);
        Short(meter, 40);
        Assert.True(meter.IsShort);
    }

    private static void Short(TurnMeter meter, int times)
    {
        for (var i = 0; i < times; i++) meter.Record(s_short);
    }
}
