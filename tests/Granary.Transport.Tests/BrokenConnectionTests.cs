using System.Net;
using System.Net.Sockets;
using Granary.Engine.Membership;
using Granary.Engine.Transport;

namespace Granary.Transport.Tests;

/// <summary>What becomes of calls when the connection they are on breaks.</summary>
public sealed class BrokenConnectionTests
{
    [Fact]
    public async Task A_call_that_changes_nothing_is_sent_again_with_the_arguments_it_had()
    {
        await using var cluster = new TestCluster();
        using var silo = new RawListener();
        var (client, grain) = silo.ClientIn(cluster);
        var numbers = new List<int> { 1, 2, 3 };
        var sum = grain.Peek(numbers);
        byte[] first, again;
        using (var broken = await silo.AcceptAsync()) first = await broken.ReceiveAsync(FrameKind.Request);
        numbers.Clear();
        using var connection = await silo.AcceptAsync();
        again = await connection.ReceiveAsync(FrameKind.Request);
        await connection.SendAsync(Frames.Make(FrameKind.Reply, (ref Codec.WireWriter w) =>
        {
            w.WriteVarint(Frames.Correlation(again));
            w.WriteTag(8);
            w.WriteInt32(6);
        }));
        Assert.Equal(6, await sum);
        Assert.Equal(first[^5..], again[^5..]); // the numbers
        await client.AssertAtRest();
    }

    [Fact]
    public async Task A_call_that_changes_nothing_is_sent_three_times_and_not_for_ever()
    {
        await using var cluster = new TestCluster();
        using var silo = new RawListener();
        var (client, grain) = silo.ClientIn(cluster);
        var sum = grain.Peek([1]);
        for (var i = 0; i < 3; i++)
        {
            Assert.False(sum.IsCompleted);
            using var broken = await silo.AcceptAsync();
            await broken.ReceiveAsync(FrameKind.Request);
        }

        await Assert.ThrowsAsync<SiloUnavailableException>(() => sum);
        await client.AssertAtRest();
    }

    [Fact]
    public async Task A_call_that_may_change_something_ends_at_once_and_says_that_it_may_have_run()
    {
        await using var cluster = new TestCluster();
        using var silo = new RawListener();
        var (client, grain) = silo.ClientIn(cluster);
        var sum = grain.Add(1, 2);
        using (var broken = await silo.AcceptAsync()) await broken.ReceiveAsync(FrameKind.Request);
        var error = await Assert.ThrowsAsync<SiloUnavailableException>(() => sum);
        Assert.Contains("whether it ran is not known", error.Message, StringComparison.Ordinal);
        await client.AssertAtRest();
    }

    [Fact]
    public async Task One_way_calls_that_were_not_sent_go_to_another_silo_in_their_order()
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo();
        var client = cluster.AddClient();
        using var nobody = new RawListener(accepts: false);
        var gates = Enumerable.Range(0, 20).Select(_ => Gate.NewName()).ToArray();
        var grain = client.ProbeOn(silo);
        // Two grain types of calls in between: the numbers that the connection gave them are read back.
        client.Core.Locator.Remember(((GrainReference)grain).GrainId, nobody.Address);
        RequestContext.Set("travels", "too");
        await Task.WhenAll(gates.Select(grain.Note));
        RequestContext.Clear();
        nobody.Dispose();
        await Task.WhenAll(gates.Select(g => Gate.Of(g).Entered)).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.All(gates, g => Assert.Equal(1, Gate.Of(g).Entries));
        Assert.DoesNotContain(cluster.Log.Entries, e => e.Text.Contains("was dropped", StringComparison.Ordinal));
        await client.AssertAtRest();
    }

    [Fact]
    public async Task A_clients_idle_connections_are_closed_but_for_one_and_opened_again_when_needed()
    {
        await using var cluster = new TestCluster();
        var time = new ManualTime();
        var silos = Enumerable.Range(0, 3).Select(_ => cluster.AddSilo()).ToArray();
        var client = cluster.AddClient(o => new PeerNetworkOptions { ClusterId = o.ClusterId, Lanes = 1, IdleAfter = TimeSpan.FromSeconds(2) }, time);
        var grains = silos.Select(s => client.ProbeOn(s)).ToArray();
        foreach (var grain in grains) await grain.Add(1, 2);
        var gate = Gate.NewName();
        var waiting = grains[1].WaitAt(gate, CancellationToken.None);
        await Gate.Of(gate).Entered;
        Assert.Equal(3, client.Network.Statistics().Connections.Count);

        time.Advance(TimeSpan.FromSeconds(4));
        await Until.True(() => client.Network.Statistics().Connections.Count == 1, "the idle connections to be closed");
        Assert.Equal(silos[1].Address!.ToString(), client.Network.Statistics().Connections.Single().Peer);
        Gate.Of(gate).Open();
        Assert.Equal(gate, await waiting);
        foreach (var grain in grains) Assert.Equal(3, await grain.Add(1, 2));
        Assert.Equal(3, client.Network.Statistics().Connections.Count);
        await client.AssertAtRest();
    }

    [Fact]
    public async Task Silos_keep_their_connections_to_each_other()
    {
        await using var cluster = new TestCluster();
        var time = new ManualTime();
        var one = cluster.AddSilo(o => new PeerNetworkOptions { ClusterId = o.ClusterId, Lanes = 1, IdleAfter = TimeSpan.FromSeconds(2) }, time);
        var two = cluster.AddSilo();
        await one.ProbeOn(two).Add(1, 2);
        time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal("Open", one.Network.Statistics().Connections.Single().State);
    }

    /// <summary>A silo that the test plays.</summary>
    private sealed class RawListener : IDisposable
    {
        private readonly Socket _listener;

        internal RawListener(bool accepts = true)
        {
            _listener = PeerNetwork.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            Address = SiloAddress.New((IPEndPoint)_listener.LocalEndPoint!, 1);
            if (!accepts) _ = HangUpAsync();
        }

        internal SiloAddress Address { get; }

        /// <summary>A client whose cluster this is, and a grain.</summary>
        internal (TestProcess Client, IProbeGrain Grain) ClientIn(TestCluster cluster)
        {
            var client = cluster.AddClient(o => new PeerNetworkOptions { ClusterId = o.ClusterId, Lanes = 1 });
            client.Core.View = new MembershipView(1, [new SiloEntry(Address, "raw", SiloStatus.Active, [], [], default)]);
            return (client, client.Grain<IProbeGrain>(Gate.NewName()));
        }

        internal Task<RawPeer> AcceptAsync() => RawPeer.AcceptAsync(_listener, Address).WaitAsync(TimeSpan.FromSeconds(20));

        public void Dispose() => _listener.Dispose();

        /// <summary>Takes connections and ends them before the handshake.</summary>
        private async Task HangUpAsync()
        {
            try
            {
                while (true) (await _listener.AcceptAsync()).Dispose();
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // Over.
            }
        }
    }
}
