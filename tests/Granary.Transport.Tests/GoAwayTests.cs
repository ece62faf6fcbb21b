using Granary.Codec;
using Granary.Engine.Membership;
using Granary.Engine.Transport;
using Microsoft.Extensions.Logging;

namespace Granary.Transport.Tests;

public sealed class GoAwayTests
{
    [Fact]
    public async Task A_graceful_stop_lets_the_calls_in_flight_end()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        var gate = Gate.NewName();
        var call = one.ProbeOn(two).WaitAt(gate, CancellationToken.None);
        await Gate.Of(gate).Entered;
        var stopping = two.Network.StopAsync(TimeSpan.FromSeconds(20));
        await Until.True(() => one.Network.Statistics().Connections.Any(c => c.State == "Leaving"), "the peer to hear of it");
        Assert.False(stopping.IsCompleted);
        Gate.Of(gate).Open();
        Assert.Equal(gate, await call);
        await stopping;
        await one.AssertAtRest();
    }

    [Fact]
    public async Task New_calls_are_not_sent_to_a_silo_that_stops()
    {
        await using var cluster = new TestCluster();
        var lost = new TaskCompletionSource<SiloAddress>();
        var one = cluster.AddSilo(o => new PeerNetworkOptions { ClusterId = o.ClusterId, Lanes = 1, OnPeerLost = lost.SetResult });
        var two = cluster.AddSilo();
        var gate = Gate.NewName();
        var grain = one.ProbeOn(two);
        var call = grain.WaitAt(gate, CancellationToken.None);
        await Gate.Of(gate).Entered;
        var stopping = two.Network.StopAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(two.Address, await lost.Task);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => grain.Add(1, 2));
        Gate.Of(gate).Open();
        Assert.Equal(gate, await call);
        await stopping;
    }

    [Fact]
    public async Task A_connection_that_only_looked_whether_a_silo_is_there_ends_without_news()
    {
        const int Looks = 3;
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo(OneLane);
        var two = cluster.AddSilo(OneLane);
        Assert.Equal(3, await one.ProbeOn(two).Add(1, 2));
        for (var i = 0; i < Looks; i++) Assert.Equal(DialOutcome.Alive, await one.Network.LookForAsync(two.Address!, TimeSpan.FromSeconds(20)));
        // Each ends at both ends.
        await Until.True(() => Ended(cluster).Count == 2 * Looks, "what was only dialled to look to end");
        Assert.All(Ended(cluster), e => Assert.Equal(LogLevel.Debug, e.Level));
        Assert.Equal(3, await one.ProbeOn(two).Add(1, 2));
    }

    private static PeerNetworkOptions OneLane(PeerNetworkOptions usual) => new() { ClusterId = usual.ClusterId, Lanes = 1 };

    private static List<(LogLevel Level, string Text)> Ended(TestCluster cluster) => [.. cluster.Log.Entries.Where(e => e.Text.Contains("has ended", StringComparison.Ordinal))];

    [Fact]
    public async Task A_stop_whose_time_is_up_ends_what_is_in_flight()
    {
        await using var cluster = new TestCluster();
        var time = new ManualTime();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo(time: time);
        var gate = Gate.NewName();
        var call = one.ProbeOn(two).WaitAt(gate, CancellationToken.None);
        await Gate.Of(gate).Entered;
        var stopping = two.Network.StopAsync(TimeSpan.FromSeconds(3));
        // By then its clock runs.
        await Until.True(() => one.Network.Statistics().Connections.Any(c => c.State == "Leaving"), "the peer to hear of it");
        Assert.False(stopping.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(3.1));
        await stopping;
        await Assert.ThrowsAsync<SiloUnavailableException>(() => call);
        await Gate.Of(gate).Cancelled;
    }

    [Fact]
    public async Task A_call_that_crossed_the_GoAway_is_still_answered()
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo();
        using var peer = await RawPeer.DialAsync(silo.Address!);
        await Until.True(() => silo.Network.Statistics().Connections.Count == 1, "the connection to be open");
        var stopping = silo.Network.StopAsync(TimeSpan.FromSeconds(20));
        await peer.ReceiveAsync(FrameKind.GoAway);
        // Sent before we heard, as far as the silo can tell: only GoAwayHeard says that no more will come.
        await peer.SendAsync(Frames.Request(silo, 4, silo.ProbeOn(silo), "Add", 1L, 2L));
        Assert.Equal(3, Frames.Number(await peer.ReceiveAsync(FrameKind.Reply)));
        Assert.False(stopping.IsCompleted);
        await peer.SendAsync(Frames.Make(FrameKind.GoAwayHeard));
        await peer.EndAsync();
        peer.Dispose();
        await stopping;
    }

    // The handshake has ended, so the peer calls already; the stop comes while the connection is made here but not open (false), or before it is made (true).
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_on_a_connection_that_opens_while_the_silo_stops_is_answered(bool isMadeLater)
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo();
        using var pair = await RawPeer.PairAsync();
        var made = isMadeLater ? null : silo.Network.Adopt(RawPeer.ClientIdentity(), 0);
        // Another one keeps the stop from being over before.
        using var other = await RawPeer.DialAsync(silo.Address!);
        await Until.True(() => silo.Network.Statistics().Connections.Any(c => c.State == "Open"), "the other connection to be open");
        var stopping = silo.Network.StopAsync(TimeSpan.FromSeconds(20));
        await other.ReceiveAsync(FrameKind.GoAway);

        if (made is null)
        {
            silo.Network.OpenAdopted(pair.Accepted, RawPeer.ClientIdentity(), 0);
        }
        else
        {
            await Until.True(() => made.State == ConnectionState.Leaving, "the connection to be told");
            Assert.True(made.Open(pair.Accepted));
        }

        await pair.Dialled.SendAsync(Frames.Request(silo, 4, silo.ProbeOn(silo), "Add", 1L, 2L));
        await pair.Dialled.ReceiveAsync(FrameKind.GoAway);
        Assert.Equal(3, Frames.Number(await pair.Dialled.ReceiveAsync(FrameKind.Reply)));
        await other.SendAsync(Frames.Make(FrameKind.GoAwayHeard));
        await other.EndAsync();
        other.Dispose();
        Assert.False(stopping.IsCompleted);
        await pair.Dialled.SendAsync(Frames.Make(FrameKind.GoAwayHeard));
        await pair.Dialled.EndAsync();
        pair.Dialled.Dispose();
        await stopping;
        Assert.Empty(silo.Network.Statistics().Connections);
    }

    [Fact]
    public async Task A_connection_that_is_made_after_the_stop_is_closed()
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo();
        await silo.Network.StopAsync(TimeSpan.FromSeconds(20));
        using var pair = await RawPeer.PairAsync();
        silo.Network.OpenAdopted(pair.Accepted, RawPeer.ClientIdentity(), 0);
        await pair.Dialled.EndAsync().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Empty(silo.Network.Statistics().Connections);
    }

    [Fact]
    public async Task A_peer_that_asks_to_be_left_gets_its_word_back_and_no_new_calls()
    {
        await using var cluster = new TestCluster();
        var (client, grain, silo, _) = await CallEndTests.RawSilo(cluster);
        using var connection = silo;
        await connection.SendAsync(Frames.Make(FrameKind.GoAway, (ref WireWriter w) => w.WriteBool(true)));
        await connection.ReceiveAsync(FrameKind.GoAwayHeard);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => grain.Add(1, 2));
        await client.AssertAtRest();
    }
}
