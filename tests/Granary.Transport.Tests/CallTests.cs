using System.Net;
using Granary.Engine.Transport;
using Granary.Rpc;

namespace Granary.Transport.Tests;

public sealed class CallTests
{
    [Fact]
    public async Task A_silo_calls_grains_of_another_silo_both_ways()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        Assert.Equal(56, await one.ProbeOn(two).Add(50, 6));
        Assert.Equal("back", await two.ProbeOn(one).Echo("back"));
    }

    [Fact]
    public async Task A_client_that_knows_an_endpoint_learns_the_cluster_and_calls()
    {
        await using var cluster = new TestCluster();
        byte[]? seen = null;
        var silo = cluster.AddSilo(o => new PeerNetworkOptions { ClusterId = o.ClusterId, View = () => [1, 2, 3] });
        var client = cluster.AddClient(o => new PeerNetworkOptions { ClusterId = o.ClusterId, OnView = (from, view) => seen = view });
        Assert.Equal(silo.Address, await client.Network.ConnectAsync(silo.Address!.Endpoint, CancellationToken.None));
        Assert.Equal([1, 2, 3], seen);
        Assert.Equal(3, await client.ProbeOn(silo).Add(1, 2));
        Assert.Contains(client.Core.ClientId.Key.ToString(), silo.Network.ConnectedClients);
    }

    [Fact]
    public async Task A_published_view_reaches_the_clients_that_are_connected()
    {
        await using var cluster = new TestCluster();
        var view = new byte[] { 1 };
        var seen = new TaskCompletionSource<byte[]>();
        var silo = cluster.AddSilo(o => new PeerNetworkOptions { ClusterId = o.ClusterId, View = () => view });
        var client = cluster.AddClient(o => new PeerNetworkOptions
        {
            ClusterId = o.ClusterId,
            OnView = (_, bytes) =>
            {
                if (bytes.Length == 2) seen.TrySetResult(bytes);
            },
        });
        await client.Network.ConnectAsync(silo.Address!.Endpoint, CancellationToken.None);
        view = [1, 2];
        silo.Network.PublishView();
        Assert.Equal([1, 2], await seen.Task);
    }

    [Fact]
    public async Task Thousands_in_flight_complete_in_any_order_and_each_with_its_own_answer()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var gates = Enumerable.Range(0, 5000).Select(_ => Gate.NewName()).ToArray();
        var grains = Enumerable.Range(0, 16).Select(_ => one.ProbeOn(two)).ToArray();
        var calls = gates.Select((gate, i) => grains[i % grains.Length].WaitAt(gate, CancellationToken.None)).ToArray();
        await Task.WhenAll(gates.Select(g => Gate.Of(g).Entered));
        Assert.Equal(5000, one.InFlight());
        new Random(5).Shuffle(gates = [.. gates]);
        foreach (var gate in gates) Gate.Of(gate).Open();
        var answers = await Task.WhenAll(calls);
        Assert.Equal(gates.Order(StringComparer.Ordinal), answers.Order(StringComparer.Ordinal));
        for (var i = 0; i < calls.Length; i++) Assert.Equal(await calls[i], answers[i]);
        await one.AssertAtRest();
        await two.AssertAtRest();
    }

    [Fact]
    public async Task An_argument_that_the_caller_changes_after_the_call_arrives_as_it_was()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var client = cluster.AddClient();
        var grain = client.ProbeOn(one);
        await grain.Add(0, 0);
        var numbers = new List<int> { 1, 2, 3 };
        var sum = grain.Sum(numbers);
        numbers.Clear();
        Assert.Equal(6, await sum);
    }

    [Fact]
    public async Task Large_messages_pass_in_both_directions()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var grain = one.ProbeOn(two);
        var text = new string('x', 3_000_000);
        Assert.Equal(text, await grain.Echo(text));
        Assert.Equal(5_000_000, (await grain.Bytes(5_000_000)).Length);
        Assert.Equal(3, await grain.Add(1, 2));
    }

    [Fact]
    public async Task The_request_context_travels_with_every_kind_of_value_it_may_hold()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var grain = one.ProbeOn(two);
        var time = new DateTimeOffset(2026, 11, 21, 8, 0, 0, TimeSpan.FromHours(2));
        object[] values = ["text", true, -7, -8L, 1.5, 2.5m, Guid.Empty, new byte[] { 1 }, time.UtcDateTime, time, TimeSpan.FromSeconds(3)];
        foreach (var value in values)
        {
            RequestContext.Set("value", value);
            Assert.Equal(value.ToString(), await grain.Context("value"));
        }

        RequestContext.Clear();
        Assert.Equal("nothing", await grain.Context("value"));
    }

    [Fact]
    public async Task A_request_context_value_that_cannot_travel_fails_the_call_at_its_sender_and_no_other()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var grain = one.ProbeOn(two);
        RequestContext.Set("odd", new Version(1, 2));
        var error = await Assert.ThrowsAsync<ArgumentException>(() => grain.Add(1, 2));
        Assert.Contains("'odd' is a System.Version", error.Message, StringComparison.Ordinal);
        RequestContext.Clear();
        Assert.Equal(3, await grain.Add(1, 2));
        await one.AssertAtRest();
    }

    [Fact]
    public async Task The_time_left_travels()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var grain = one.ProbeOn(two);
        Assert.Equal(-1, await grain.Remaining());
        using (RpcDeadline.Within(TimeSpan.FromSeconds(20))) Assert.InRange(await grain.Remaining(), 1, 20_000);
    }

    [Fact]
    public async Task A_one_way_call_runs_and_leaves_nothing_behind()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var gate = Gate.NewName();
        await one.ProbeOn(two).Note(gate);
        await Gate.Of(gate).Entered;
        await one.AssertAtRest();
        await two.AssertAtRest();
    }

    [Fact]
    public async Task Code_that_blocks_on_a_call_where_a_reply_resumed_it_does_not_stop_the_connection()
    {
        await using var cluster = new TestCluster();
        var (client, grain, silo, _) = await CallEndTests.RawSilo(cluster);
        using var connection = silo;
        // The code waits for its reply before that is sent, and without a context: so the reply resumes it on the connection's own thread.
        var sum = await Task.Run(() => Task.FromResult(AddTwiceAsync()));
        await connection.SendAsync(Frames.Reply(Frames.Correlation(await connection.ReceiveAsync(FrameKind.Request)), 2));
        await connection.SendAsync(Frames.Reply(Frames.Correlation(await connection.ReceiveAsync(FrameKind.Request)), 3));
        Assert.Equal(3, await sum);
        Assert.Contains(cluster.Log.Entries, e => e.Text.Contains("has kept the connection's thread", StringComparison.Ordinal));
        await client.AssertAtRest();

        async Task<long> AddTwiceAsync()
        {
            var first = await grain.Add(1, 1);
            return grain.Add(first, 1).GetAwaiter().GetResult();
        }
    }

    [Fact]
    public async Task A_method_that_this_version_does_not_know_is_refused_and_the_connection_stays()
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo();
        using var peer = await RawPeer.DialAsync(silo.Address!);
        var target = ((GrainReference)silo.ProbeOn(silo)).GrainId;
        await peer.SendAsync(Frames.Request(7, target, "Granary.Transport.Tests.IProbeGrain", 1, (ref Codec.WireWriter _) => { }));
        var unknownMethod = Assert.IsType<RpcException>(Frames.Error((await peer.ReceiveAsync())!));
        Assert.Equal(StatusCode.Unimplemented, unknownMethod.Code);
        await peer.SendAsync(Frames.Request(8, target, "No.Such", 1, (ref Codec.WireWriter _) => { }));
        Assert.Contains("No.Such", Frames.Error((await peer.ReceiveAsync())!).Message, StringComparison.Ordinal);
        await peer.SendAsync(Frames.Request(silo, 9, silo.ProbeOn(silo), "Add", 1L, 2L));
        Assert.Equal(3, Frames.Number((await peer.ReceiveAsync())!));
    }

    [Fact]
    public async Task Arguments_that_cannot_be_read_are_refused_and_the_connection_stays()
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo();
        using var peer = await RawPeer.DialAsync(silo.Address!);
        var add = silo.Core.Types.Interface(typeof(IProbeGrain)).Methods.Single(m => m.Name == "Add");
        var target = ((GrainReference)silo.ProbeOn(silo)).GrainId;
        await peer.SendAsync(Frames.Request(7, target, add.Interface.Name, add.Id, (ref Codec.WireWriter w) => w.WriteRaw([0xFF, 0xFF, 0xFF])));
        var error = Assert.IsType<RpcException>(Frames.Error((await peer.ReceiveAsync())!));
        Assert.Equal(StatusCode.InvalidArgument, error.Code);
        await peer.SendAsync(Frames.Request(silo, 9, silo.ProbeOn(silo), "Add", 1L, 2L));
        Assert.Equal(3, Frames.Number((await peer.ReceiveAsync())!));
    }

    [Fact]
    public async Task A_client_refuses_calls_to_grains()
    {
        await using var cluster = new TestCluster();
        using var listener = PeerNetwork.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var address = SiloAddress.New((IPEndPoint)listener.LocalEndPoint!, 1);
        var client = cluster.AddClient();
        var accepted = RawPeer.AcceptAsync(listener, address);
        await client.Network.ConnectAsync(address.Endpoint, CancellationToken.None);
        using var silo = await accepted;
        await silo.SendAsync(Frames.Request(client, 3, client.Grain<IProbeGrain>("k"), "Add", 1L, 2L));
        Assert.IsType<OrleansMessageRejectionException>(Frames.Error((await silo.ReceiveAsync())!));
    }
}
