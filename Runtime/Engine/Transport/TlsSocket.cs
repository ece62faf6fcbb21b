using System.Net.Security;
using System.Net.Sockets;

namespace Granary.Engine.Transport;

/// <summary>TLS over TCP. Nothing is tried without waiting: bytes of the socket are not bytes of the connection.</summary>
internal sealed class TlsSocket(Socket socket, SslStream stream, TlsIdentity? peer) : PeerSocket
{
    internal override TlsIdentity? PeerIdentity => peer;

    internal override int TryReceive(Span<byte> into) => -1;

    internal override ValueTask<int> ReceiveAsync(Memory<byte> into, CancellationToken cancellation = default) => stream.ReadAsync(into, cancellation);

    internal override int TrySend(ReadOnlySpan<byte> bytes) => -1;

    internal override ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation = default)
    {
        var writing = stream.WriteAsync(bytes, cancellation);
        if (!writing.IsCompletedSuccessfully) return AwaitAsync(writing, bytes.Length);
        writing.GetAwaiter().GetResult();
        return new ValueTask<int>(bytes.Length);
    }

    internal override void EndSending() => _ = EndSendingAsync();

    public override void Dispose()
    {
        // First the socket: what waits in the stream ends, and nothing of the stream is freed under it.
        PlainSocket.Shutdown(socket, SocketShutdown.Both);
        stream.Dispose();
        socket.Dispose();
    }

    private static async ValueTask<int> AwaitAsync(ValueTask writing, int length)
    {
        await writing.ConfigureAwait(false);
        return length;
    }

    private async Task EndSendingAsync()
    {
        try
        {
            await stream.ShutdownAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // It is closed already.
        }

        PlainSocket.Shutdown(socket, SocketShutdown.Send);
    }
}
