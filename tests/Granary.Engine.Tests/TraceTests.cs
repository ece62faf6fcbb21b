using System.Diagnostics;
using Granary.Rpc;

namespace Granary.Engine.Tests;

public interface ITracedGrain : IGrainWithStringKey
{
    /// <summary>The trace it sees at first, after a wait, and what the next grains see.</summary>
    Task<string[]> Traces(int depth);
}

public class TracedGrain : Grain, ITracedGrain
{
    public async Task<string[]> Traces(int depth)
    {
        var first = RpcTrace.Current.TraceId.ToHexString();
        await Task.Yield();
        var then = RpcTrace.Current.TraceId.ToHexString();
        return depth == 0 ? [first, then] : [first, then, .. await GrainFactory.GetGrain<ITracedGrain>($"{this.GetPrimaryKeyString()}-{depth}").Traces(depth - 1)];
    }
}

/// <summary>Traces that nobody collects: no call has an activity, and each knows its trace.</summary>
public sealed class TraceTests(ThreeSilos silos) : IClassFixture<ThreeSilos>
{
    [Fact]
    public async Task A_trace_goes_on_through_nested_calls_on_all_silos_where_nobody_collects_it()
    {
        using var root = new Activity("root").SetIdFormat(ActivityIdFormat.W3C).Start();
        for (var i = 0; i < 4; i++)
        {
            var seen = await silos.Cluster.Client.GetGrain<ITracedGrain>($"traced-{i}").Traces(4);
            Assert.Equal(10, seen.Length);
            Assert.All(seen, trace => Assert.Equal(root.TraceId.ToHexString(), trace));
        }
    }
}
