using System.Net;
using System.Net.Sockets;
using Granary.Codec;
using Granary.Engine.Directory;
using Granary.Engine.Transport;

namespace Granary.Fuzzing;

/// <summary>An open connection to a silo that serves good clients besides.</summary>
internal abstract class SiloTarget(FuzzLog log, string? secret = null) : FuzzTarget
{
    /// <summary>A silo keeps the grains that were called; a new one keeps none.</summary>
    private const int ChecksOfOneSilo = 3;

    private FuzzProcess? _silo;
    private FuzzProcess? _client;
    private int _checks;

    internal override (long Once, long EachByte) Memory => (512 * 1024, 512);

    /// <summary>Where it listens.</summary>
    protected IPEndPoint EndPoint { get; private set; } = null!;

    internal override async ValueTask CheckAsync()
    {
        if (_silo is not { } silo) return;
        await Until(() => silo.Unrest() is null, () => $"The silo does not come to rest: {silo.Unrest()}.");
        await Until(() => silo.Network.Statistics().Connections.All(static c => c.IsClient), static () => "Connections of silos that are none are left.");
        if (_client is null)
        {
            var endPoint = EndPoint;
            _client = FuzzProcess.Client("good", log, e => e.Equals(endPoint), secret);
            _client.Core.View = silo.Core.View;
            await _client.Network.ConnectAsync(endPoint, CancellationToken.None);
        }

        var sum = await _client.Grain("good").Add(20, 22).WaitAsync(TimeSpan.FromSeconds(10));
        if (sum != 42) throw new FuzzException($"A good client got {sum} for 42.");
        if (++_checks < ChecksOfOneSilo) return;
        _checks = 0;
        await EndAsync();
    }

    internal override async ValueTask EndAsync()
    {
        if (_client is not null) await _client.DisposeAsync();
        if (_silo is not null) await _silo.DisposeAsync();
        (_client, _silo) = (null, null);
    }

    protected async ValueTask<FuzzProcess> SiloAsync()
    {
        if (_silo is { } silo) return silo;
        var listener = PeerNetwork.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        EndPoint = (IPEndPoint)listener.LocalEndPoint!;
        silo = FuzzProcess.Silo(new InMemoryGrainDirectory(), SiloAddress.New(EndPoint, 9), log, secret);
        silo.Core.View = FuzzProcess.View(silo);
        silo.Network.Listen(listener);
        _silo = silo;
        await Task.CompletedTask;
        return silo;
    }

    internal static async ValueTask Until(Func<bool> condition, Func<string> problem)
    {
        var limit = Environment.TickCount64 + 20_000;
        while (!condition())
        {
            if (Environment.TickCount64 > limit) throw new FuzzException(problem());
            await Task.Yield();
        }
    }
}

/// <summary>A silo's end of a connection that was opened as it should, in memory: by a client, or by one that says it is a silo.</summary>
internal sealed class AcceptedTarget(Recording recording, FuzzLog log) : SiloTarget(log)
{
    private readonly byte[][] _frames = recording.Frames(true);
    private readonly byte[][] _pool = recording.Frames(null);
    private int _opened;

    internal override string Name => "accepted";

    internal override int Share => 150;

    internal override byte[] Make(Random random) => new Mutator(random, _pool).Stream(_frames);

    internal override async ValueTask FeedAsync(byte[] input)
    {
        var silo = await SiloAsync();
        var number = ++_opened;
        var address = input.Length % 4 == 0 ? SiloAddress.New(IPAddress.Loopback, 1, number) : null;
        using var socket = new MemorySocket(input);
        var connection = silo.Network.OpenAdopted(socket, new PeerIdentity(FuzzProcess.ClusterId, address, GrainId.Create("sys.client", $"fuzz{number}")), 0);
        socket.Begin();
        await Task.WhenAny(socket.Drained, connection.Ended).WaitAsync(TimeSpan.FromSeconds(10));
        // Every other time its calls have a moment to end before the connection does.
        for (var i = 0; i < 50 && input.Length % 2 == 0 && connection.InProgress > 0; i++) await Task.Yield();
        socket.End();
        await ConnectionEnd.AssertAsync(connection);
    }
}

/// <summary>A client's end of a connection, in memory, with calls in flight.</summary>
internal sealed class DialledTarget : FuzzTarget
{
    private const int Calls = 6;
    private static readonly SiloAddress s_silo = SiloAddress.New(IPAddress.Loopback, 1, 1);

    private readonly FuzzLog _log;
    private readonly byte[][] _frames;
    private readonly byte[][] _pool;
    private readonly List<Task> _calls = [];
    private FuzzProcess? _client;

    internal DialledTarget(Recording recording, FuzzLog log)
    {
        _log = log;
        _frames = recording.Frames(false);
        _pool = recording.Frames(null);
    }

    internal override string Name => "dialled";

    internal override int Share => 70;

    internal override (long Once, long EachByte) Memory => (512 * 1024, 512);

    internal override byte[] Make(Random random)
    {
        var mutator = new Mutator(random, _pool);
        var frames = new byte[random.Next(1, 12)][];
        for (var i = 0; i < frames.Length; i++)
        {
            var frame = Readdressed(_frames[random.Next(_frames.Length)], (ulong)random.Next(1, Calls + 2));
            frames[i] = random.Next(3) == 0 ? mutator.Damage(frame) : frame;
        }

        return mutator.Join(frames);
    }

    internal override async ValueTask FeedAsync(byte[] input)
    {
        if (_client is null)
        {
            _client = FuzzProcess.Client("fuzzed", _log);
            _client.Core.View = new Engine.Membership.MembershipView(1, [new Engine.Membership.SiloEntry(s_silo, "silo", SiloStatus.Active, [], [], default)]);
        }

        using var socket = new MemorySocket(input);
        var connection = _client.Network.OpenAdopted(socket, new PeerIdentity(FuzzProcess.ClusterId, s_silo, GrainId.Create("sys.client", "silo")), 0);
        var grain = _client.Grain("called");
        _client.Core.Locator.Remember(((GrainReference)(object)grain).GrainId, s_silo);
        _calls.Add(grain.Add(1, 2));
        _calls.Add(grain.Echo("text"));
        _calls.Add(grain.Sum([1, 2, 3]));
        _calls.Add(grain.Copy(new FuzzRecord { Name = "copied" }));
        _calls.Add(grain.Odd(Guid.Empty, 1, default, default, [1]));
        _calls.Add(ReadAsync(grain.Stream(100)));
        socket.Begin();
        await Task.WhenAny(socket.Drained, connection.Ended).WaitAsync(TimeSpan.FromSeconds(10));
        socket.End();
        await ConnectionEnd.AssertAsync(connection);
    }

    internal override async ValueTask CheckAsync()
    {
        if (_client is not { } client) return;
        try
        {
            foreach (var call in _calls) await Task.WhenAny(call).WaitAsync(TimeSpan.FromSeconds(20));
        }
        catch (TimeoutException error)
        {
            throw new FuzzException($"{_calls.Count(static c => !c.IsCompleted)} of {_calls.Count} calls did not end after their connection had.", error);
        }

        foreach (var call in _calls) _ = call.Exception;
        _calls.Clear();
        await SiloTarget.Until(() => client.Unrest() is null, () => $"The client does not come to rest: {client.Unrest()}.");
        await EndAsync();
    }

    internal override async ValueTask EndAsync()
    {
        if (_client is not null) await _client.DisposeAsync();
        _client = null;
    }

    private static async Task ReadAsync(IAsyncEnumerable<FuzzRecord> items)
    {
        await foreach (var item in items) _ = item;
    }

    /// <summary>A frame for one of the calls that are in flight.</summary>
    private static byte[] Readdressed(byte[] frame, ulong correlation)
    {
        if ((FrameKind)frame[0] is not (FrameKind.Reply or FrameKind.Error or FrameKind.Moved or FrameKind.StreamItem)) return frame;
        var r = new WireReader(frame);
        r.ReadVarint32();
        r.ReadVarint();
        var w = new WireWriter(new byte[frame.Length + 16]);
        w.WriteVarint32(frame[0]);
        w.WriteVarint(correlation);
        w.WriteRaw(frame.AsSpan(r.Position));
        return w.Written.ToArray();
    }
}

/// <summary>A real socket, handshake and all: the recorded bytes of a dialler with the address of the silo that is there.</summary>
internal sealed class SocketTarget(Recording recording, FuzzLog log, bool hasSecret) : SiloTarget(log, hasSecret ? "a secret that strangers do not know" : null)
{
    private readonly byte[][][] _streams = [.. recording.Streams.Where(static s => s.ToSilo && s.Frames.Length > 4).Select(static s => s.Frames)];
    private readonly byte[][] _pool = recording.Frames(null);

    internal override string Name => !hasSecret ? "socket" : "socket-secret";

    internal override int Share => 5;

    internal override byte[] Make(Random random)
    {
        var frames = _streams[random.Next(_streams.Length)];
        var hello = Anywhere(frames[0]);
        var mutator = new Mutator(random, _pool);
        if (random.Next(4) == 0) hello = mutator.Damage(hello);
        return [.. mutator.Join([hello]), .. mutator.Stream(frames[1..])];
    }

    internal override async ValueTask FeedAsync(byte[] input)
    {
        await SiloAsync();
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            await socket.ConnectAsync(EndPoint, limit.Token);
            for (var sent = 0; sent < input.Length;) sent += await socket.SendAsync(input.AsMemory(sent), limit.Token);
            socket.Shutdown(SocketShutdown.Send);
            var buffer = new byte[16 * 1024];
            while (await socket.ReceiveAsync(buffer, limit.Token) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Hung up on, with what was sent unread.
        }
        catch (OperationCanceledException error)
        {
            throw new FuzzException("The silo neither answered nor hung up.", error);
        }
    }

    /// <summary>A Hello that asks for whichever silo is there.</summary>
    private static byte[] Anywhere(byte[] hello)
    {
        const uint wantedSilo = (8 << 3) | 2;
        var r = new WireReader(hello);
        var w = new WireWriter(new byte[hello.Length]);
        w.WriteVarint32(r.ReadVarint32());
        while (r.HasMore)
        {
            var start = r.Position;
            var tag = r.ReadTag();
            r.Skip(tag);
            if (tag != wantedSilo) w.WriteRaw(hello.AsSpan(start, r.Position - start));
        }

        return w.Written.ToArray();
    }
}

/// <summary>What must be true of every connection that has ended.</summary>
internal static class ConnectionEnd
{
    internal static async Task AssertAsync(PeerConnection connection)
    {
        try
        {
            await connection.Ended.WaitAsync(TimeSpan.FromSeconds(10));
        }
        catch (TimeoutException error)
        {
            throw new FuzzException("The connection did not end with its input.", error);
        }

        if (connection.InFlight != 0) throw new FuzzException($"{connection.InFlight} calls are left in the slab of a connection that has ended.");
        await SiloTarget.Until(() => connection.InProgress == 0, () => $"{connection.InProgress} calls are left in the table of a connection that has ended.");
    }
}
