using System.Net.Sockets;

namespace Granary.Engine.Transport;

/// <summary>
/// A connection's bytes. Receiving and sending may go on at once, one thread each. Non-blocking attempts come first, since what they spare (two threads woken for each message)
/// is most of a call's time when there is only one. What cannot be tried without waiting answers -1 to every attempt.
/// </summary>
internal abstract class PeerSocket : IDisposable
{
    /// <summary>What the other end proved about itself below the handshake; null when it proved nothing.</summary>
    internal virtual TlsIdentity? PeerIdentity => null;

    /// <summary>Takes what is there: the number of bytes, 0 at the end, -1 when there is nothing now.</summary>
    /// <exception cref="SocketException">The connection is broken.</exception>
    internal abstract int TryReceive(Span<byte> into);

    /// <summary>Waits for bytes; 0 at the end.</summary>
    internal abstract ValueTask<int> ReceiveAsync(Memory<byte> into, CancellationToken cancellation = default);

    /// <summary>Gives the connection as much as it takes: the number of bytes, -1 when it takes nothing now.</summary>
    /// <exception cref="SocketException">The connection is broken.</exception>
    internal abstract int TrySend(ReadOnlySpan<byte> bytes);

    /// <summary>Waits until the connection has taken some of the bytes.</summary>
    internal abstract ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation = default);

    /// <summary>Nothing more will be sent; the peer sees the end after what was.</summary>
    internal abstract void EndSending();

    /// <summary>Ends it both ways, and wakes whoever waits on it, in this process and the other.</summary>
    public abstract void Dispose();

    /// <summary>What a socket that is not encrypted carries. The socket is this object's from here on.</summary>
    internal static PeerSocket Over(Socket socket) => new PlainSocket(socket);
}
