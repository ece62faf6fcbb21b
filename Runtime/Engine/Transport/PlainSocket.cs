using System.Net.Sockets;

namespace Granary.Engine.Transport;

/// <summary>TCP as it is.</summary>
internal sealed class PlainSocket : PeerSocket
{
    private readonly Socket _socket;

    internal PlainSocket(Socket socket)
    {
        socket.NoDelay = true;
        socket.Blocking = false;
        _socket = socket;
    }

    internal override int TryReceive(Span<byte> into)
    {
        var received = _socket.Receive(into, SocketFlags.None, out var error);
        return Check(received, error);
    }

    internal override ValueTask<int> ReceiveAsync(Memory<byte> into, CancellationToken cancellation = default) => _socket.ReceiveAsync(into, SocketFlags.None, cancellation);

    internal override int TrySend(ReadOnlySpan<byte> bytes)
    {
        var sent = _socket.Send(bytes, SocketFlags.None, out var error);
        return Check(sent, error);
    }

    internal override ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation = default) => _socket.SendAsync(bytes, SocketFlags.None, cancellation);

    internal override void EndSending() => Shutdown(_socket, SocketShutdown.Send);

    public override void Dispose()
    {
        Shutdown(_socket, SocketShutdown.Both);
        _socket.Dispose();
    }

    internal static void Shutdown(Socket socket, SocketShutdown how)
    {
        try
        {
            socket.Shutdown(how);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It is closed already.
        }
    }

    private static int Check(int bytes, SocketError error) => error switch
    {
        SocketError.Success => bytes,
        SocketError.WouldBlock or SocketError.IOPending or SocketError.TryAgain => -1,
        _ => throw new SocketException((int)error),
    };
}
