using Granary.Codec;
using Granary.Engine.Transport;
using Granary.Rpc;

namespace Granary.Transport.Tests;

public sealed class StreamTests
{
    [Fact]
    public async Task A_stream_brings_every_item_in_order()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var items = new List<int>();
        await foreach (var item in one.ProbeOn(two).Count(2000)) items.Add(item);
        Assert.Equal(Enumerable.Range(0, 2000), items);
        await one.AssertAtRest();
        await two.AssertAtRest();
    }

    [Fact]
    public async Task A_slow_consumer_holds_the_producer_back()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var grain = one.ProbeOn(two);
        var gate = Gate.Of(((GrainReference)grain).GrainId.Key.ToString());
        await using var items = grain.Count(100_000).GetAsyncEnumerator();
        Assert.True(await items.MoveNextAsync());

        // The window is 64 items; the 65th is made and waits for a credit.
        await Until.True(() => gate.Entries == 65, "the window to fill");
        for (var i = 0; i < 31; i++) Assert.True(await items.MoveNextAsync());
        await Until.True(() => gate.Entries == 97, "half a window more");
        await two.Settled(gate);
        Assert.Equal(97, gate.Entries);
    }

    [Fact]
    public async Task A_consumer_that_stops_ends_the_producer()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var grain = one.ProbeOn(two);
        await foreach (var item in grain.Count(100_000))
        {
            if (item == 10) break;
        }

        await Gate.Of(((GrainReference)grain).GrainId.Key.ToString()).Cancelled;
        await one.AssertAtRest();
        await two.AssertAtRest();
    }

    [Fact]
    public async Task A_cancelled_consumer_ends_the_producer()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var grain = one.ProbeOn(two);
        using var cancellation = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var item in grain.Count(100_000, cancellation.Token))
            {
                if (item == 10) await cancellation.CancelAsync();
            }
        });
        await Gate.Of(((GrainReference)grain).GrainId.Key.ToString()).Cancelled;
        await one.AssertAtRest();
        await two.AssertAtRest();
    }

    [Fact]
    public async Task A_stream_on_a_connection_that_breaks_ends_on_both_sides()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var grain = one.ProbeOn(two);
        await Assert.ThrowsAsync<SiloUnavailableException>(async () =>
        {
            await foreach (var item in grain.Count(100_000))
            {
                if (item == 10) two.Network.Abort();
            }
        });
        await Gate.Of(((GrainReference)grain).GrainId.Key.ToString()).Cancelled;
        await one.AssertAtRest();
    }

    [Fact]
    public async Task A_producer_that_sends_more_than_it_may_ends_the_stream_and_not_the_process()
    {
        await using var cluster = new TestCluster();
        var (client, grain, silo, _) = await CallEndTests.RawSilo(cluster);
        using var connection = silo;
        await using var items = grain.Count(1).GetAsyncEnumerator();
        var first = items.MoveNextAsync().AsTask();
        var correlation = Frames.Correlation(await connection.ReceiveAsync(FrameKind.Request));
        for (var i = 0; i < 200; i++) await connection.SendAsync(Item(correlation, i));
        Assert.Equal(correlation, Frames.Correlation(await connection.ReceiveAsync(FrameKind.Cancel)));
        Assert.True(await first);
        await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await items.MoveNextAsync())
            {
            }
        });
        await client.AssertAtRest();
    }

    private static byte[] Item(ulong correlation, int value) => Frames.Make(FrameKind.StreamItem, (ref WireWriter w) =>
    {
        w.WriteVarint(correlation);
        w.WriteTag(8);
        w.WriteInt32(value);
    });
}
