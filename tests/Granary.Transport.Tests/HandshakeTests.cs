using System.Net.Sockets;
using Granary.Codec;
using Granary.Engine.Transport;

namespace Granary.Transport.Tests;

public sealed class HandshakeTests
{
    private const string Secret = "a secret that both know";

    [Fact]
    public async Task Processes_with_the_same_secret_talk()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo(WithSecret(Secret));
        var two = cluster.AddSilo(WithSecret(Secret));
        Assert.Equal(3, await one.ProbeOn(two).Add(1, 2));
    }

    [Theory]
    [InlineData(Secret, "another")]
    [InlineData(Secret, null)]
    [InlineData(null, Secret)]
    public async Task A_process_with_another_secret_or_none_is_refused(string? there, string? here)
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo(WithSecret(there));
        var refused = await Assert.ThrowsAsync<HandshakeException>(() => RawPeer.DialAsync(silo.Address!, here));
        Assert.Contains("secret", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, refused.Message, StringComparison.Ordinal);
        await Until.True(() => silo.Network.Statistics().Refused == 1, "the refusal to be counted");
        Assert.Empty(silo.Network.Statistics().Connections);
    }

    [Fact]
    public async Task A_process_of_another_cluster_is_refused()
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo();
        var refused = await Assert.ThrowsAsync<HandshakeException>(() => RawPeer.DialAsync(silo.Address!, identity: RawPeer.ClientIdentity("other")));
        Assert.Contains("ClusterId", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silo_does_not_answer_for_an_earlier_one_at_its_address()
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo();
        var earlier = SiloAddress.New(silo.Address!.Endpoint, silo.Address.Generation - 1);
        var refused = await Assert.ThrowsAsync<HandshakeException>(() => RawPeer.DialAsync(earlier));
        Assert.True(refused.IsOtherSilo);
    }

    [Fact]
    public async Task A_silo_that_the_cluster_has_declared_dead_is_refused()
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo();
        var dead = SiloAddress.New(System.Net.IPAddress.Loopback, 1, 1);
        silo.Core.View = new(9, [.. silo.Core.View.Silos, new(dead, "dead", SiloStatus.Dead, [], [], default)]);
        var identity = new PeerIdentity("test", dead, GrainId.Create("sys.client", "dead"));
        var refused = await Assert.ThrowsAsync<HandshakeException>(() => RawPeer.DialAsync(silo.Address!, identity: identity));
        Assert.Contains("dead", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stranger_gets_no_frame_through()
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo();
        var gate = Gate.NewName();
        using var socket = await ConnectAsync(silo);
        await socket.SendAsync(Frames.Request(silo, 0, silo.ProbeOn(silo), "Note", gate));
        await DrainAsync(socket);
        Assert.Equal(0, Gate.Of(gate).Entries);
        Assert.Empty(silo.Network.Statistics().Connections);
    }

    [Fact]
    public async Task Whatever_a_stranger_sends_it_is_hung_up_on_and_the_silo_goes_on()
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo();
        var random = new Random(11);
        for (var i = 0; i < 50; i++)
        {
            var bytes = new byte[random.Next(4, 300)];
            random.NextBytes(bytes);
            using var socket = await ConnectAsync(silo);
            await socket.SendAsync(bytes);
            socket.Shutdown(SocketShutdown.Send);
            await DrainAsync(socket);
        }

        using var peer = await RawPeer.DialAsync(silo.Address!);
        await peer.SendAsync(Frames.Request(silo, 1, silo.ProbeOn(silo), "Add", 1L, 2L));
        Assert.Equal(3, Frames.Number((await peer.ReceiveAsync())!));
    }

    [Fact]
    public async Task A_stranger_that_says_nothing_is_hung_up_on_after_the_connect_timeout()
    {
        await using var cluster = new TestCluster();
        var time = new ManualTime();
        var silo = cluster.AddSilo(time: time);
        using var socket = await ConnectAsync(silo);
        var greeting = new byte[1];
        Assert.Equal(1, await socket.ReceiveAsync(greeting)); // so the clock of its handshake runs
        time.Advance(TimeSpan.FromSeconds(6));
        await DrainAsync(socket);
        await Until.True(() => silo.Network.Statistics().Refused == 1, "the refusal to be counted");
    }

    [Fact]
    public async Task A_hello_that_is_replayed_is_refused()
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo(WithSecret(Secret));
        // What one dialler proved, to the nonce it was given.
        using var first = await ConnectAsync(silo);
        var greeting = await ReadFrameAsync(first);
        var hello = Frames.Make(FrameKind.Hello, (ref WireWriter w) =>
        {
            w.WriteTag(8);
            w.WriteVarint32(Handshake.Version);
            w.WriteTag(18);
            w.WriteBytes(greeting.AsSpan(greeting.Length - 16));
            w.WriteTag(74);
            w.WriteBytes(new byte[32]);
        });
        await first.SendAsync(hello);
        Assert.Equal((byte)FrameKind.Refusal, (await ReadFrameAsync(first))[0]);

        // Two greetings differ, so a proof serves for one connection.
        using var second = await ConnectAsync(silo);
        Assert.NotEqual(greeting, await ReadFrameAsync(second));
    }

    private static Func<PeerNetworkOptions, PeerNetworkOptions> WithSecret(string? secret) => o => new PeerNetworkOptions { ClusterId = o.ClusterId, Lanes = 1, SharedSecret = secret };

    private static async Task<Socket> ConnectAsync(TestProcess silo)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(silo.Address!.Endpoint);
        return socket;
    }

    private static async Task<byte[]> ReadFrameAsync(Socket socket)
    {
        var length = new byte[4];
        await FillAsync(socket, length);
        var frame = new byte[Frame.Length(length)];
        await FillAsync(socket, frame);
        return frame;
    }

    private static async Task FillAsync(Socket socket, Memory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var received = await socket.ReceiveAsync(bytes);
            Assert.NotEqual(0, received);
            bytes = bytes[received..];
        }
    }

    /// <summary>Reads until the other side hangs up.</summary>
    private static async Task DrainAsync(Socket socket)
    {
        var bytes = new byte[1024];
        try
        {
            while (await socket.ReceiveAsync(bytes) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Hung up with what we sent unread.
        }
    }
}
