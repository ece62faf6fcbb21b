using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Granary.Gateway.Tests.Support;

/// <summary>WebSocket frames written by hand, for what no client would send.</summary>
internal sealed class RawSocket : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private NetworkStream _stream = null!;

    /// <summary>Connects, with the token of alice.</summary>
    public static async Task<RawSocket> ConnectAsync(GatewayHost host, string path, int receiveBuffer = 0)
    {
        var client = new RawSocket();
        if (receiveBuffer > 0) client._socket.ReceiveBufferSize = receiveBuffer;
        await client._socket.ConnectAsync(host.Address.Host, host.Address.Port);
        client._stream = new NetworkStream(client._socket, ownsSocket: true) { ReadTimeout = 60_000 };
        await client.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET {path} HTTP/1.1\r\nHost: {host.Address.Authority}\r\nAuthorization: Bearer {host.Token("alice")}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await client._stream.ReadAsync(one) == 0) break;
            head.Append((char)one[0]);
        }

        Assert.StartsWith("HTTP/1.1 101", head.ToString(), StringComparison.Ordinal);

        // The example of RFC 6455, section 1.3.
        Assert.Contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", head.ToString(), StringComparison.Ordinal);
        return client;
    }

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await _stream.WriteAsync(bytes, bound.Token);
    }

    /// <summary>A frame as a client must send it.</summary>
    public static byte[] Frame(int opcode, ReadOnlySpan<byte> payload, bool isFinal = true, bool isMasked = true, long? announced = null)
    {
        using var frame = new MemoryStream();
        frame.WriteByte((byte)((isFinal ? 0x80 : 0) | opcode));
        var length = announced ?? payload.Length;
        var mask = isMasked ? 0x80 : 0;
        Span<byte> extended = stackalloc byte[8];
        if (length is >= 0 and < 126)
        {
            frame.WriteByte((byte)(mask | (int)length));
        }
        else if (length is > 0 and <= ushort.MaxValue)
        {
            frame.WriteByte((byte)(mask | 126));
            BinaryPrimitives.WriteUInt16BigEndian(extended, (ushort)length);
            frame.Write(extended[..2]);
        }
        else
        {
            frame.WriteByte((byte)(mask | 127));
            BinaryPrimitives.WriteInt64BigEndian(extended, length);
            frame.Write(extended);
        }

        ReadOnlySpan<byte> key = [0x37, 0xFA, 0x21, 0x3D];
        if (isMasked) frame.Write(key);
        for (var i = 0; i < payload.Length; i++) frame.WriteByte((byte)(isMasked ? payload[i] ^ key[i % 4] : payload[i]));
        return frame.ToArray();
    }

    /// <summary>The next frame; null at the end of the connection.</summary>
    public async Task<(int Opcode, byte[] Payload)?> ReadAsync()
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var head = new byte[2];
        try
        {
            if (await _stream.ReadAtLeastAsync(head, 2, throwOnEndOfStream: false, bound.Token) < 2) return null;
            Assert.Equal(0, head[1] & 0x80);
            long length = head[1];
            if (length == 126)
            {
                var extended = new byte[2];
                await _stream.ReadExactlyAsync(extended, bound.Token);
                length = BinaryPrimitives.ReadUInt16BigEndian(extended);
            }
            else if (length == 127)
            {
                var extended = new byte[8];
                await _stream.ReadExactlyAsync(extended, bound.Token);
                length = BinaryPrimitives.ReadInt64BigEndian(extended);
            }

            var payload = new byte[length];
            await _stream.ReadExactlyAsync(payload, bound.Token);
            return (head[0] & 0x0F, payload);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Reads up to the close frame, and tells its code; null when the connection ended without one.</summary>
    public async Task<int?> ReadCloseAsync()
    {
        while (await ReadAsync() is { } frame)
        {
            if (frame.Opcode == 8) return frame.Payload.Length >= 2 ? BinaryPrimitives.ReadUInt16BigEndian(frame.Payload) : 1005;
        }

        return null;
    }

    /// <summary>Ends this direction without a close frame.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    public void Dispose()
    {
        _stream?.Dispose();
        _socket.Dispose();
    }
}
