using System.Diagnostics;
using FsCheck;
using FsCheck.Fluent;
using Granary.Rpc;
using Granary.Statistics;
using Orleans.Runtime;

namespace Granary.Telemetry.Tests.Statistics;

public sealed class SlowCallsTests
{
    private static readonly long s_window = Stopwatch.Frequency * 10;

    [Fact]
    public void The_slowest_of_each_ten_seconds_are_kept() => Prop.ForAll<NonEmptyArray<PositiveInt>>(durations =>
    {
        var slow = new SlowCalls(5);
        foreach (var duration in durations.Get.Where(d => slow.Wants(d.Get, s_window))) slow.Add(Call(duration.Get), s_window);
        return slow.Read(5, s_window).Select(c => c.Nanoseconds).SequenceEqual(durations.Get.Select(d => (long)d.Get).OrderDescending().Take(5));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_minute_is_remembered_and_no_more()
    {
        var slow = new SlowCalls(2);
        for (var window = 100; window < 112; window++) slow.Add(Call(window), window * s_window);
        Assert.Equal([111L, 110, 109, 108, 107, 106], slow.Read(100, 111 * s_window).Select(c => c.Nanoseconds));
        Assert.Equal([111L, 110], slow.Read(100, 115 * s_window).Select(c => c.Nanoseconds));
    }

    private static EndedCall Call(long nanoseconds) => new(1, GrainId.Create("g", "a"), default, nanoseconds, -1, 0, default, StatusCode.Ok);
}
