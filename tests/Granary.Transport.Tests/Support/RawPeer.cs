using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Granary.Codec;
using Granary.Engine.Transport;

namespace Granary.Transport.Tests;

/// <summary>The other end of a connection, byte by byte: it shakes hands as it should and then does what the test wants.</summary>
internal sealed class RawPeer : IDisposable
{
    private readonly Socket _socket;

    private RawPeer(Socket socket, PeerSocket connection)
    {
        _socket = socket;
        Connection = connection;
    }

    internal PeerSocket Connection { get; }

    internal static PeerIdentity ClientIdentity(string cluster = "test") => new(cluster, null, GrainId.Create("sys.client", Guid.NewGuid().ToString("N")));

    /// <summary>A client that dials a silo.</summary>
    internal static async Task<RawPeer> DialAsync(SiloAddress silo, string? secret = null, PeerIdentity? identity = null)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(silo.Endpoint);
        var connection = PeerSocket.Over(socket);
        try
        {
            await Handshake.DialAsync(connection, identity ?? ClientIdentity(), secret, silo, 0, 1 << 20, CancellationToken.None);
            return new RawPeer(socket, connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Both ends of a connection whose handshake is done with.</summary>
    internal static async Task<ConnectedPair> PairAsync()
    {
        using var listener = PeerNetwork.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener.LocalEndPoint!);
        return new ConnectedPair(new RawPeer(socket, PeerSocket.Over(socket)), PeerSocket.Over(await listener.AcceptAsync()));
    }

    /// <summary>A silo that takes the next connection of that listener.</summary>
    internal static async Task<RawPeer> AcceptAsync(Socket listener, SiloAddress address)
    {
        var socket = await listener.AcceptAsync();
        var connection = PeerSocket.Over(socket);
        await Handshake.AcceptAsync(connection, new PeerIdentity("test", address, GrainId.Create("sys.client", "raw")), null, _ => null, CancellationToken.None);
        return new RawPeer(socket, connection);
    }

    internal async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0) bytes = bytes[await Connection.SendAsync(bytes)..];
    }

    /// <summary>The next frame without its length; null at the end of the connection.</summary>
    internal async Task<byte[]?> ReceiveAsync()
    {
        var length = new byte[4];
        if (!await FillAsync(length)) return null;
        var frame = new byte[Frame.Length(length)];
        return await FillAsync(frame) ? frame : null;
    }

    /// <summary>The next frame of that kind; others are passed over.</summary>
    internal async Task<byte[]> ReceiveAsync(FrameKind kind)
    {
        while (await ReceiveAsync() is { } frame)
        {
            if (frame[0] == (byte)kind) return frame;
        }

        throw new IOException($"The connection ended before a {kind}.");
    }

    /// <summary>Waits until the other side hangs up.</summary>
    internal async Task EndAsync()
    {
        while (await ReceiveAsync() is not null)
        {
        }
    }

    public void Dispose()
    {
        Connection.Dispose();
        _socket.Dispose();
    }

    private async Task<bool> FillAsync(Memory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int received;
            try
            {
                received = await Connection.ReceiveAsync(bytes);
            }
            catch (SocketException)
            {
                return false;
            }

            if (received == 0) return false;
            bytes = bytes[received..];
        }

        return true;
    }
}

/// <summary>Who dialled, for the test, and the other end, for a network.</summary>
internal sealed record ConnectedPair(RawPeer Dialled, PeerSocket Accepted) : IDisposable
{
    public void Dispose()
    {
        Dialled.Dispose();
        Accepted.Dispose();
    }
}

/// <summary>Frames made by hand.</summary>
internal static class Frames
{
    internal delegate void Fill(ref WireWriter w);

    internal static byte[] Make(FrameKind kind, Fill? fill = null)
    {
        var w = new WireWriter(ArrayPool<byte>.Shared.Rent(1024));
        var start = Frame.Begin(ref w, kind);
        fill?.Invoke(ref w);
        Frame.End(ref w, start);
        var frame = w.Written.ToArray();
        ArrayPool<byte>.Shared.Return(w.Buffer);
        return frame;
    }

    internal static byte[] Make(FrameKind kind, ulong correlation) => Make(kind, (ref WireWriter w) => w.WriteVarint(correlation));

    /// <summary>A request that spells out its target.</summary>
    internal static byte[] Request(TestProcess like, ulong correlation, IAddressable target, string method, params object[] arguments)
    {
        var callMethod = like.Core.Types.Interface(typeof(IProbeGrain)).Methods.Single(m => m.Name == method);
        var call = callMethod.CreateCall();
        for (var i = 0; i < arguments.Length; i++) call.SetArgument(i, arguments[i]);
        return Request(correlation, ((GrainReference)target).GrainId, callMethod.Interface.Name, callMethod.Id, call.WriteArguments);
    }

    internal static byte[] Request(ulong correlation, GrainId target, string interfaceName, uint method, Fill arguments, ushort version = 0) => Make(FrameKind.Request, (ref WireWriter w) =>
    {
        w.WriteVarint(correlation);
        w.WriteVarint32(Interning.Literal);
        w.WriteBytes(target.Type.AsSpan());
        w.WriteString(interfaceName);
        w.WriteVarint32(version);
        w.WriteBytes(target.Key.AsSpan());
        w.WriteVarint32(method);
        w.WriteVarint32(0); // flags
        arguments(ref w);
    });

    /// <summary>The correlation of a frame.</summary>
    internal static ulong Correlation(byte[] frame)
    {
        var r = new WireReader(frame);
        r.ReadVarint32();
        return r.ReadVarint();
    }

    /// <summary>The <c>result</c> of a reply to a method that returns a long.</summary>
    internal static long Number(byte[] reply)
    {
        var r = new WireReader(reply);
        Assert.Equal((uint)FrameKind.Reply, r.ReadVarint32());
        r.ReadVarint();
        return r.ReadTag() == 8 ? r.ReadInt64() : 0;
    }

    /// <summary>A reply with a long.</summary>
    internal static byte[] Reply(ulong correlation, long result) => Make(FrameKind.Reply, (ref WireWriter w) =>
    {
        w.WriteVarint(correlation);
        w.WriteTag(8);
        w.WriteInt64(result);
    });

    internal static Exception Error(byte[] frame)
    {
        var r = new WireReader(frame);
        Assert.Equal((uint)FrameKind.Error, r.ReadVarint32());
        r.ReadVarint();
        return ErrorCodec.Read(ref r);
    }
}
