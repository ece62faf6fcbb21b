using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Granary.Gateway.Tests.Support;

/// <summary>HTTP/2 frames written by hand (RFC 9113), headers as literals that nobody needs to remember (RFC 7541, 6.2.2), for what no client would send.</summary>
internal sealed class RawHttp2 : IDisposable
{
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte Rst = 3;
    public const byte Settings = 4;
    public const byte Ping = 6;
    public const byte GoAway = 7;
    public const byte WindowUpdate = 8;
    public const byte Continuation = 9;

    public const byte EndStream = 1;
    public const byte EndHeaders = 4;

    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(60);

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private NetworkStream _stream = null!;

    public static async Task<RawHttp2> ConnectAsync(GatewayHost host)
    {
        var client = new RawHttp2();
        await client._socket.ConnectAsync(host.Address.Host, host.Address.Port);
        client._stream = new NetworkStream(client._socket, ownsSocket: true);
        await client.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        await client.WriteAsync(Frame(Settings, 0, 0, []));
        return client;
    }

    public static byte[] Frame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[9 + payload.Length];
        frame[0] = (byte)(payload.Length >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(1), (ushort)payload.Length);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(9));
        return frame;
    }

    /// <summary>A header as it is: neither is its name made small nor its value looked at.</summary>
    public static byte[] Literal(string name, string value)
    {
        List<byte> bytes = [0];
        foreach (var text in (string[])[name, value])
        {
            var utf8 = Encoding.UTF8.GetBytes(text);
            if (utf8.Length < 127)
            {
                bytes.Add((byte)utf8.Length);
            }
            else
            {
                bytes.Add(127);
                var rest = utf8.Length - 127;
                for (; rest >= 128; rest >>= 7) bytes.Add((byte)((rest & 0x7f) | 0x80));
                bytes.Add((byte)rest);
            }

            bytes.AddRange(utf8);
        }

        return [.. bytes];
    }

    public static byte[] Head(string method, string path, params (string Name, string Value)[] headers) =>
        [.. Literal(":method", method), .. Literal(":scheme", "http"), .. Literal(":authority", "x"), .. Literal(":path", path), .. headers.SelectMany(h => Literal(h.Name, h.Value))];

    public Task RequestAsync(int stream, string method, string path, params (string Name, string Value)[] headers) =>
        WriteAsync(Frame(Headers, EndStream | EndHeaders, stream, Head(method, path, headers)));

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        using var bound = new CancellationTokenSource(s_bound);
        await _stream.WriteAsync(bytes, bound.Token);
    }

    /// <summary>Writes until all is written or the other side does not want any more; false then.</summary>
    public async Task<bool> TryWriteAsync(ReadOnlyMemory<byte> bytes, TimeSpan patience)
    {
        using var bound = new CancellationTokenSource(patience);
        try
        {
            await _stream.WriteAsync(bytes, bound.Token);
            return true;
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>The next frame; null at the end.</summary>
    public async Task<(byte Type, int Stream, byte[] Payload)?> ReadAsync()
    {
        using var bound = new CancellationTokenSource(s_bound);
        var head = new byte[9];
        try
        {
            if (await _stream.ReadAtLeastAsync(head, 9, throwOnEndOfStream: false, bound.Token) < 9) return null;
            var payload = new byte[(head[0] << 16) + (head[1] << 8) + head[2]];
            await _stream.ReadExactlyAsync(payload, bound.Token);
            return (head[3], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)), payload);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The first frame that fits; a GOAWAY, real or for the connection's end, when none came.</summary>
    public async Task<(byte Type, int Stream, byte[] Payload)> ReadUntilAsync(Func<(byte Type, int Stream, byte[] Payload), bool> wanted)
    {
        while (await ReadAsync() is { } frame)
        {
            if (wanted(frame)) return frame;
        }

        return (GoAway, 0, []);
    }

    /// <summary>Reads and throws away until the other side ends the connection.</summary>
    public async Task ReadToEndAsync()
    {
        while (await ReadAsync() is not null) { }
    }

    public void Dispose()
    {
        _stream?.Dispose();
        _socket.Dispose();
    }
}
