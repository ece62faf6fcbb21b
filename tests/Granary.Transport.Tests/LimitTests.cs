using Granary.Engine.Transport;

namespace Granary.Transport.Tests;

public sealed class LimitTests
{
    [Fact]
    public async Task A_request_that_is_too_large_fails_by_name_and_its_connection_stays()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo(Small);
        var two = cluster.AddSilo(Small);
        var grain = one.ProbeOn(two);
        var error = await Assert.ThrowsAsync<LimitExceededException>(() => grain.Echo(new string('x', 20_000)).AsTask());
        Assert.Contains("IProbeGrain/Echo", error.Message, StringComparison.Ordinal);
        Assert.Contains("8192", error.Message, StringComparison.Ordinal);
        Assert.Equal("short", await grain.Echo("short"));
        Assert.Single(one.Network.Statistics().Connections);
        await one.AssertAtRest();
    }

    [Fact]
    public async Task A_result_that_is_too_large_fails_by_name_and_its_connection_stays()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo(Small);
        var two = cluster.AddSilo(Small);
        var grain = one.ProbeOn(two);
        var error = await Assert.ThrowsAsync<LimitExceededException>(() => grain.Bytes(20_000));
        Assert.Contains("The result of", error.Message, StringComparison.Ordinal);
        Assert.Equal(3, await grain.Add(1, 2));
        await one.AssertAtRest();
    }

    [Fact]
    public async Task Calls_to_a_peer_that_does_not_read_are_refused_when_too_much_waits()
    {
        await using var cluster = new TestCluster();
        var (client, grain, silo, _) = await CallEndTests.RawSilo(cluster, configure: o => new PeerNetworkOptions
        {
            ClusterId = o.ClusterId,
            Lanes = 1,
            MaxFrameBytes = 1 << 20,
            MaxQueuedBytes = 4 << 20,
        });
        using var connection = silo;
        var text = new string('x', 500_000);
        var calls = new List<Task<string>>();
        // The kernel's buffers take some megabytes first.
        while (calls.Count < 200 && !calls.Exists(c => c.IsFaulted)) calls.Add(grain.Echo(text).AsTask());
        var refused = calls.Find(c => c.IsFaulted);
        Assert.NotNull(refused);
        await Assert.ThrowsAsync<LimitExceededException>(() => refused);
        // What waited was over the limit when the call was refused; the kernel may have taken some since.
        Assert.InRange(client.Network.Statistics().Connections.Single().QueuedBytes, 1, 6 << 20);
        connection.Dispose();
        foreach (var call in calls) await Assert.ThrowsAnyAsync<OrleansException>(() => call);
        await client.AssertAtRest();
    }

    private static PeerNetworkOptions Small(PeerNetworkOptions o) => new() { ClusterId = o.ClusterId, Lanes = 1, MaxFrameBytes = 8192 };
}
