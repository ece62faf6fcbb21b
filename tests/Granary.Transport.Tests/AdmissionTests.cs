using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Granary.Codec;
using Granary.Engine.Transport;

namespace Granary.Transport.Tests;

public sealed class AdmissionTests
{
    private static readonly IPAddress s_one = IPAddress.Parse("10.0.0.1");
    private static readonly IPAddress s_two = IPAddress.Parse("10.0.0.2");

    [Fact]
    public void Handshakes_are_bounded_in_all_and_from_one_address()
    {
        var admission = new Admission(new PeerNetworkOptions { ClusterId = "test", MaxPendingHandshakes = 3, MaxPendingHandshakesPerAddress = 2 }, new ManualTime(), new TransportLog(new TestLog()));
        Assert.True(admission.TryEnter(s_one, out _));
        Assert.True(admission.TryEnter(s_one, out _));
        Assert.False(admission.TryEnter(s_one, out var problem));
        Assert.Contains("MaxPendingHandshakesPerAddress", problem, StringComparison.Ordinal);
        Assert.True(admission.TryEnter(s_two, out _));
        Assert.False(admission.TryEnter(s_two, out problem));
        Assert.Contains("MaxPendingHandshakes allows", problem, StringComparison.Ordinal);
        admission.Leave(s_one);
        Assert.True(admission.TryEnter(s_two, out _));
        admission.Leave(s_one);
        admission.Leave(s_two);
        admission.Leave(s_two);
        Assert.Equal(0, admission.Pending);
    }

    [Fact]
    public void Many_refusals_are_one_line_in_the_log()
    {
        var time = new ManualTime();
        var log = new TestLog();
        var admission = new Admission(new PeerNetworkOptions { ClusterId = "test" }, time, new TransportLog(log));
        for (var i = 0; i < 100; i++) admission.OnRefused(new IPEndPoint(s_one, i), $"reason {i}");
        Assert.Equal(20, log.Entries.Count);
        time.Advance(TimeSpan.FromSeconds(11));
        admission.RollWindow();
        var last = log.Entries.Last().Text;
        Assert.Contains("80 more", last, StringComparison.Ordinal);
        Assert.Contains("reason 99", last, StringComparison.Ordinal);
        admission.OnRefused(null, "later");
        Assert.Equal(22, log.Entries.Count);
    }

    [Fact]
    public async Task Strangers_that_say_nothing_do_not_keep_good_clients_out()
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo(o => new PeerNetworkOptions { ClusterId = o.ClusterId, Lanes = 1, MaxPendingHandshakesPerAddress = 5 });
        var strangers = new List<Socket>();
        for (var i = 0; i < 5; i++)
        {
            var stranger = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await stranger.ConnectAsync(silo.Address!.Endpoint);
            Assert.Equal(1, await stranger.ReceiveAsync(new byte[1])); // the greeting: it is in the handshake
            strangers.Add(stranger);
        }

        using (var further = new Socket(SocketType.Stream, ProtocolType.Tcp))
        {
            await further.ConnectAsync(silo.Address!.Endpoint);
            Assert.Equal(0, await ReceiveAsync(further));
        }

        strangers[0].Dispose();
        await Until.True(() => silo.Network.PendingHandshakes == 4, "a place to be free");
        var client = cluster.AddClient();
        Assert.Equal(3, await client.ProbeOn(silo).Add(1, 2));
        foreach (var stranger in strangers) stranger.Dispose();
        await Until.True(() => silo.Network.PendingHandshakes == 0, "all to have left");
    }

    [Fact]
    public async Task Clients_are_bounded_and_silos_are_not()
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo(o => new PeerNetworkOptions { ClusterId = o.ClusterId, Lanes = 1, MaxClients = 1 });
        using var first = await RawPeer.DialAsync(silo.Address!);
        var refused = await Assert.ThrowsAsync<HandshakeException>(() => RawPeer.DialAsync(silo.Address!));
        Assert.Contains("MaxClients", refused.Message, StringComparison.Ordinal);
        var other = cluster.AddSilo();
        Assert.Equal(3, await other.ProbeOn(silo).Add(1, 2));
    }

    [Fact]
    public async Task That_another_silo_is_there_is_believed_only_with_proof()
    {
        using var listener = PeerNetwork.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var wanted = SiloAddress.New((IPEndPoint)listener.LocalEndPoint!, 1);
        var accepting = Task.Run(async () =>
        {
            using var socket = await listener.AcceptAsync();
            await socket.SendAsync(Frames.Make(FrameKind.Greeting, (ref WireWriter w) =>
            {
                w.WriteTag(8);
                w.WriteVarint32(Handshake.Version);
                w.WriteTag(18);
                w.WriteBytes(new byte[16]);
            }));
            Assert.True(await ReceiveAsync(socket) > 0);
            await socket.SendAsync(Frames.Make(FrameKind.Refusal, (ref WireWriter w) =>
            {
                w.WriteTag(10);
                w.WriteString("It is dead, believe me.");
                w.WriteTag(16);
                w.WriteBool(true);
                w.WriteTag(26);
                w.WriteBytes(new byte[32]);
            }));
        });
        var refused = await Assert.ThrowsAsync<HandshakeException>(() => RawPeer.DialAsync(wanted, "secret"));
        Assert.Contains("believe me", refused.Message, StringComparison.Ordinal);
        Assert.False(refused.IsOtherSilo);
        await accepting;
    }

    [Fact]
    public async Task That_another_silo_is_there_is_believed_with_proof()
    {
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo(o => new PeerNetworkOptions { ClusterId = o.ClusterId, SharedSecret = "secret" });
        var earlier = SiloAddress.New(silo.Address!.Endpoint, silo.Address.Generation - 1);
        Assert.True((await Assert.ThrowsAsync<HandshakeException>(() => RawPeer.DialAsync(earlier, "secret"))).IsOtherSilo);
        Assert.False((await Assert.ThrowsAsync<HandshakeException>(() => RawPeer.DialAsync(earlier, "another"))).IsOtherSilo);
    }

    [Fact]
    public async Task An_ends_own_proof_sent_back_to_it_proves_nothing()
    {
        // A dialler that is played by what the acceptor sends: the part's name in the proof differs.
        await using var cluster = new TestCluster();
        var silo = cluster.AddSilo(o => new PeerNetworkOptions { ClusterId = o.ClusterId, SharedSecret = "secret" });
        using var listener = PeerNetwork.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var relay = Task.Run(async () =>
        {
            // Takes a dialler, gives it the silo's greeting, and sends the dialler's own hello back to it as the welcome.
            using var dialler = await listener.AcceptAsync();
            using var acceptor = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await acceptor.ConnectAsync(silo.Address!.Endpoint);
            var bytes = new byte[4096];
            await dialler.SendAsync(bytes.AsMemory(0, await acceptor.ReceiveAsync(bytes)));
            var length = await dialler.ReceiveAsync(bytes);
            bytes[4] = (byte)FrameKind.Welcome;
            await dialler.SendAsync(bytes.AsMemory(0, length));
        });
        var somewhere = SiloAddress.New((IPEndPoint)listener.LocalEndPoint!, 1);
        var refused = await Assert.ThrowsAsync<HandshakeException>(() => RawPeer.DialAsync(somewhere, "secret"));
        Assert.Contains("secrets differ", refused.Message, StringComparison.Ordinal);
        await relay;
    }

    [Fact]
    public async Task What_the_connections_do_can_be_measured()
    {
        await using var cluster = new TestCluster();
        var one = cluster.AddSilo();
        var two = cluster.AddSilo();
        await one.ProbeOn(two).Add(1, 2);
        var seen = new Dictionary<string, long>(StringComparer.Ordinal);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == TransportMetrics.MeterName) l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => seen[instrument.Name] = seen.GetValueOrDefault(instrument.Name) + value);
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => seen[instrument.Name] = seen.GetValueOrDefault(instrument.Name) + value);
        listener.Start();
        listener.RecordObservableInstruments();
        // Of all tests that run now.
        foreach (var name in new[] { "granary.transport.connections", "granary.transport.connections.opened", "granary.transport.calls", "granary.transport.frames", "granary.transport.io" }) Assert.True(seen[name] >= 2, $"{name} is {seen[name]}");
        foreach (var name in new[] { "granary.transport.calls.in_flight", "granary.transport.calls.in_progress", "granary.transport.queued", "granary.transport.handshakes", "granary.transport.connections.failed", "granary.transport.connections.refused" }) Assert.True(seen[name] >= 0, $"{name} is {seen[name]}");

        var before = one.Network.Totals();
        one.Network.Abort();
        await Until.True(() => one.Network.Statistics().Connections.Count == 0, "the connections to close");
        Assert.True(one.Network.Totals().FramesOut >= before.FramesOut && before.FramesOut > 0);
    }

    private static async Task<int> ReceiveAsync(Socket socket)
    {
        try
        {
            return await socket.ReceiveAsync(new byte[4096]);
        }
        catch (SocketException)
        {
            return 0;
        }
    }
}
