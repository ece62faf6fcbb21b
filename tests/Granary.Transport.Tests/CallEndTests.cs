using System.Net;
using Granary.Engine.Transport;
using Granary.Rpc;

namespace Granary.Transport.Tests;

public sealed class CallEndTests
{
    [Fact]
    public async Task A_cancelled_call_ends_at_once_and_its_method_is_told()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var gate = Gate.NewName();
        using var cancellation = new CancellationTokenSource();
        var call = one.ProbeOn(two).WaitAt(gate, cancellation.Token);
        await Gate.Of(gate).Entered;
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await Gate.Of(gate).Cancelled;
        await one.AssertAtRest();
        await two.AssertAtRest();
    }

    [Fact]
    public async Task A_call_whose_deadline_passes_ends_on_both_sides()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        // On a busy machine the deadline may pass before the call has arrived: then it is tried with a longer one.
        for (var patience = TimeSpan.FromMilliseconds(200); ; patience *= 2)
        {
            var gate = Gate.NewName();
            Task call;
            using (RpcDeadline.Within(patience)) call = one.ProbeOn(two).WaitAt(gate, CancellationToken.None);
            await Assert.ThrowsAsync<TimeoutException>(() => call);
            if (Gate.Of(gate).Entries == 0) continue;
            await Gate.Of(gate).Cancelled;
            break;
        }

        await one.AssertAtRest();
        await two.AssertAtRest();
    }

    [Fact]
    public async Task Answers_that_are_late_doubled_or_made_up_are_ignored()
    {
        await using var cluster = new TestCluster();
        var (client, grain, silo, _) = await RawSilo(cluster);
        using var connection = silo;
        Task<long> late;
        using (RpcDeadline.Within(TimeSpan.FromMilliseconds(500))) late = grain.Add(1, 1);
        var first = Frames.Correlation(await connection.ReceiveAsync(FrameKind.Request));
        await Assert.ThrowsAsync<TimeoutException>(() => late);
        Assert.Equal(first, Frames.Correlation(await connection.ReceiveAsync(FrameKind.Cancel)));

        var next = grain.Add(2, 2);
        var second = Frames.Correlation(await connection.ReceiveAsync(FrameKind.Request));
        Assert.NotEqual(first, second); // the same slot, another generation
        await connection.SendAsync(Frames.Reply(first, 99));
        await connection.SendAsync(Frames.Reply(0, 99));
        await connection.SendAsync(Frames.Reply(ulong.MaxValue, 99));
        await connection.SendAsync(Frames.Reply(12345, 99));
        await connection.SendAsync(Frames.Reply(second, 4));
        await connection.SendAsync(Frames.Reply(second, 99));
        Assert.Equal(4, await next);

        var last = grain.Add(3, 3);
        await connection.SendAsync(Frames.Reply(Frames.Correlation(await connection.ReceiveAsync(FrameKind.Request)), 6));
        Assert.Equal(6, await last);
        await client.AssertAtRest();
    }

    [Fact]
    public async Task The_calls_on_a_connection_that_breaks_end_at_once_on_both_sides()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var gates = Enumerable.Range(0, 100).Select(_ => Gate.NewName()).ToArray();
        var calls = gates.Select(gate => one.ProbeOn(two).WaitAt(gate, CancellationToken.None)).ToArray();
        await Task.WhenAll(gates.Select(g => Gate.Of(g).Entered));
        one.Network.ForgetSilo(two.Address!);
        foreach (var call in calls) await Assert.ThrowsAsync<SiloUnavailableException>(() => call);
        await Task.WhenAll(gates.Select(g => Gate.Of(g).Cancelled));
        await one.AssertAtRest();
        await two.AssertAtRest();
    }

    [Fact]
    public async Task The_calls_to_a_silo_that_dies_end_at_once()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var gate = Gate.NewName();
        var call = one.ProbeOn(two).WaitAt(gate, CancellationToken.None);
        await Gate.Of(gate).Entered;
        two.Network.Abort();
        await Assert.ThrowsAsync<SiloUnavailableException>(() => call);
        await one.AssertAtRest();
    }

    [Fact]
    public async Task A_call_that_was_not_sent_goes_to_another_silo_with_the_arguments_it_had()
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo();
        var client = cluster.AddClient();
        var grain = client.ProbeOn(silo);
        var nobody = SiloAddress.New(await FreePort(), 1);
        client.Core.Locator.Remember(((GrainReference)grain).GrainId, nobody);
        var numbers = new List<int> { 1, 2, 3 };
        var sum = grain.Sum(numbers);
        numbers.Clear();
        Assert.Equal(6, await sum);
        Assert.Null(client.Core.Locator.Cached(((GrainReference)grain).GrainId));
        await client.AssertAtRest();
    }

    [Fact]
    public async Task A_call_that_no_silo_can_take_fails_and_does_not_hang()
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo();
        var client = cluster.AddClient();
        var grain = client.ProbeOn(silo);
        silo.Network.Abort();
        await Assert.ThrowsAsync<SiloUnavailableException>(() => grain.Add(1, 2));
        await client.AssertAtRest();
    }

    [Fact]
    public async Task A_silo_that_refuses_is_left_alone_for_a_while()
    {
        await using var cluster = new TestCluster();
        var time = new ManualTime();
        var silo = cluster.AddSilo();
        var client = cluster.AddClient(time: time);
        var grain = client.ProbeOn(silo);
        silo.Network.Abort();
        await Assert.ThrowsAsync<SiloUnavailableException>(() => grain.Add(1, 2));
        var failed = client.Network.Statistics().Failed;
        await Assert.ThrowsAsync<SiloUnavailableException>(() => grain.Add(1, 2));
        Assert.Equal(failed, client.Network.Statistics().Failed);
        time.Advance(TimeSpan.FromSeconds(4));
        await Assert.ThrowsAsync<SiloUnavailableException>(() => grain.Add(1, 2));
        Assert.True(client.Network.Statistics().Failed > failed);
    }

    [Fact]
    public async Task A_silo_that_does_not_answer_the_handshake_is_given_up_after_the_connect_timeout()
    {
        await using var cluster = new TestCluster();
        var time = new ManualTime();
        using var listener = PeerNetwork.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // accepts, by the kernel, and says nothing
        var client = cluster.AddClient(time: time);
        var connecting = client.Network.ConnectAsync((IPEndPoint)listener.LocalEndPoint!, CancellationToken.None);
        using var accepted = await listener.AcceptAsync();
        time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(connecting.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.2));
        await Assert.ThrowsAsync<TimeoutException>(() => connecting);
    }

    [Fact]
    public async Task A_silent_peer_is_asked_and_then_given_up()
    {
        await using var cluster = new TestCluster();
        var time = new ManualTime();
        var (client, grain, silo, _) = await RawSilo(cluster, time);
        using var connection = silo;
        var call = grain.Add(1, 2);
        await connection.ReceiveAsync(FrameKind.Request);
        time.Advance(TimeSpan.FromSeconds(6.5));
        await connection.ReceiveAsync(FrameKind.Ping);
        await connection.SendAsync(Frames.Make(FrameKind.Pong));
        await Until.True(() => client.Network.Statistics().Connections.Single().FramesIn == 1, "the pong to be read");
        time.Advance(TimeSpan.FromSeconds(14));
        Assert.False(call.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(3));
        var error = await Assert.ThrowsAsync<SiloUnavailableException>(() => call);
        Assert.Contains("Nothing was heard", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ping_is_answered()
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo();
        using var peer = await RawPeer.DialAsync(silo.Address!);
        await peer.SendAsync(Frames.Make(FrameKind.Ping));
        Assert.Equal((byte)FrameKind.Pong, Assert.Single((await peer.ReceiveAsync())!));
    }

    /// <summary>A client, a grain it calls, and the silo at the other end of the wire.</summary>
    internal static async Task<(TestProcess Client, IProbeGrain Grain, RawPeer Silo, SiloAddress Address)> RawSilo(TestCluster cluster, TimeProvider? time = null, Func<PeerNetworkOptions, PeerNetworkOptions>? configure = null)
    {
        using var listener = PeerNetwork.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var address = SiloAddress.New((IPEndPoint)listener.LocalEndPoint!, 1);
        var client = cluster.AddClient(configure ?? (o => new PeerNetworkOptions { ClusterId = o.ClusterId, Lanes = 1 }), time);
        var accepted = RawPeer.AcceptAsync(listener, address);
        await client.Network.ConnectAsync(address.Endpoint, CancellationToken.None);
        var grain = client.Grain<IProbeGrain>(Gate.NewName());
        client.Core.Locator.Remember(((GrainReference)grain).GrainId, address);
        return (client, grain, await accepted, address);
    }

    private static Task<IPEndPoint> FreePort()
    {
        using var socket = PeerNetwork.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return Task.FromResult((IPEndPoint)socket.LocalEndPoint!);
    }
}
