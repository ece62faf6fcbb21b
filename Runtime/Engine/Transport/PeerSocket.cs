using System.Net.Sockets;

namespace Granary.Engine.Transport;

/// <summary>
/// A connection's bytes. Receiving and sending may go on at once, one thread each. Non-blocking attempts come first, since what they spare (two threads woken for each message)
/// is most of a call's time when there is only one.
/// </summary>
internal sealed class PeerSocket : IDisposable
{
    private readonly Socket _socket;

    internal PeerSocket(Socket socket)
    {
        socket.NoDelay = true;
        socket.Blocking = false;
        _socket = socket;
    }

    /// <summary>Takes what is there: the number of bytes, 0 at the end, -1 when there is nothing now.</summary>
    /// <exception cref="SocketException">The connection is broken.</exception>
    internal int TryReceive(Span<byte> into)
    {
        var received = _socket.Receive(into, SocketFlags.None, out var error);
        return Check(received, error);
    }

    /// <summary>Waits for bytes; 0 at the end.</summary>
    internal ValueTask<int> ReceiveAsync(Memory<byte> into) => _socket.ReceiveAsync(into, SocketFlags.None);

    /// <inheritdoc cref="ReceiveAsync(Memory{byte})"/>
    internal ValueTask<int> ReceiveAsync(Memory<byte> into, CancellationToken cancellation) => _socket.ReceiveAsync(into, SocketFlags.None, cancellation);

    /// <summary>Gives the socket as much as it takes: the number of bytes, -1 when it takes nothing now.</summary>
    /// <exception cref="SocketException">The connection is broken.</exception>
    internal int TrySend(ReadOnlySpan<byte> bytes)
    {
        var sent = _socket.Send(bytes, SocketFlags.None, out var error);
        return Check(sent, error);
    }

    /// <summary>Waits until the socket has taken some of the bytes.</summary>
    internal ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation = default) => _socket.SendAsync(bytes, SocketFlags.None, cancellation);

    /// <summary>Nothing more will be sent; the peer sees the end after what was.</summary>
    internal void EndSending()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It is closed already.
        }
    }

    public void Dispose()
    {
        try
        {
            // Wakes whoever waits on it, in this process and the other.
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It is closed already.
        }

        _socket.Dispose();
    }

    private static int Check(int bytes, SocketError error) => error switch
    {
        SocketError.Success => bytes,
        SocketError.WouldBlock or SocketError.IOPending or SocketError.TryAgain => -1,
        _ => throw new SocketException((int)error),
    };
}
