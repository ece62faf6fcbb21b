using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Threading.Channels;
using Granary.Codec;
using Granary.Rpc;

namespace Granary.Gateway.Tests.Support;

/// <summary>gRPC by hand, so that what is wrong can be sent too. Clients that others wrote are in Granary.Interop.Tests.</summary>
internal sealed class GrpcClient(GatewayHost host, string contentType = "application/grpc")
{
    public delegate void Fields(ref WireWriter writer);

    public Dictionary<string, string> Headers { get; } = new() { ["te"] = "trailers", ["authorization"] = "Bearer " + host.Token("alice", "user") };

    public Version Version { get; set; } = HttpVersion.Version20;

    public string Service { get; set; } = "granary.tests.v1.Probe";

    public static byte[] Message(Fields fields)
    {
        var writer = new WireWriter(new byte[64]);
        fields(ref writer);
        return writer.Written.ToArray();
    }

    /// <summary>A message with the key <c>a</c>.</summary>
    public static byte[] Keyed(Fields? fields = null) => Message((ref writer) =>
    {
        writer.WriteTag(10);
        writer.WriteString("a");
        fields?.Invoke(ref writer);
    });

    public static byte[] Multiply(double a, double b) => Keyed((ref writer) =>
    {
        writer.WriteTag(17);
        writer.WriteDouble(a);
        writer.WriteTag(25);
        writer.WriteDouble(b);
    });

    public static byte[] Text(string text) => Keyed((ref writer) =>
    {
        writer.WriteTag(18);
        writer.WriteString(text);
    });

    public static byte[] Number(long number) => Keyed((ref writer) =>
    {
        writer.WriteTag(16);
        writer.WriteInt64(number);
    });

    public static double Double(byte[] reply)
    {
        if (reply.Length == 0) return 0;
        var reader = new WireReader(reply);
        Assert.Equal(9u, reader.ReadTag());
        return reader.ReadDouble();
    }

    public static string String(byte[] reply)
    {
        if (reply.Length == 0) return "";
        var reader = new WireReader(reply);
        Assert.Equal(10u, reader.ReadTag());
        return reader.ReadString();
    }

    public static long Integer(byte[] reply)
    {
        if (reply.Length == 0) return 0;
        var reader = new WireReader(reply);
        Assert.Equal(8u, reader.ReadTag());
        return reader.ReadInt64();
    }

    public static byte[] Frame(byte[] message, byte flags = 0)
    {
        var frame = new byte[5 + message.Length];
        frame[0] = flags;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), (uint)message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    public static byte[] Zip(byte[] message)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest)) gzip.Write(message);
        return packed.ToArray();
    }

    public static byte[] Unzip(byte[] packed)
    {
        var message = new MemoryStream();
        using var gzip = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
        gzip.CopyTo(message);
        return message.ToArray();
    }

    /// <summary>Sends messages and reads everything.</summary>
    public Task<GrpcAnswer> CallAsync(string method, params byte[][] messages) => SendAsync(method, [.. messages.SelectMany(m => Frame(m))]);

    /// <summary>Sends a body as it is and reads everything.</summary>
    public async Task<GrpcAnswer> SendAsync(string method, byte[] body)
    {
        using var response = await host.Anonymous.SendAsync(Request(method, new ByteArrayContent(body)));
        return await GrpcAnswer.ReadAsync(response, contentType);
    }

    /// <summary>Opens a stream: what is written to the channel is sent, frames and all.</summary>
    public async Task<(HttpResponseMessage Response, ChannelWriter<byte[]> Sending)> OpenAsync(string method, byte[]? first = null, CancellationToken cancellation = default, bool complete = false)
    {
        var pieces = Channel.CreateUnbounded<byte[]>();
        if (first is not null) pieces.Writer.TryWrite(first);
        if (complete) pieces.Writer.Complete();
        return (await OpenAsync(method, pieces.Reader, cancellation), pieces.Writer);
    }

    /// <summary>Sends what comes out of a channel; answers with the response once its head has come.</summary>
    public Task<HttpResponseMessage> OpenAsync(string method, ChannelReader<byte[]> pieces, CancellationToken cancellation = default) =>
        host.Anonymous.SendAsync(Request(method, new Pieces(pieces)), HttpCompletionOption.ResponseHeadersRead, cancellation);

    private HttpRequestMessage Request(string method, HttpContent content)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, method.StartsWith('/') ? method : $"/{Service}/{method}") { Version = Version, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = content };
        content.Headers.TryAddWithoutValidation("content-type", contentType);
        foreach (var (name, value) in Headers) request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }

    private sealed class Pieces(ChannelReader<byte[]> pieces) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.FlushAsync();
            await foreach (var piece in pieces.ReadAllAsync())
            {
                await stream.WriteAsync(piece);
                await stream.FlushAsync();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}

/// <summary>What came back.</summary>
internal sealed record GrpcAnswer(int Http, StatusCode Code, string Message, IReadOnlyList<byte[]> Messages, IReadOnlyDictionary<string, string> Headers, IReadOnlyDictionary<string, string> Trailers, bool IsTrailersOnly)
{
    /// <summary>The error of <c>grpc-status-details-bin</c>.</summary>
    public RpcException? Details => Trailers.GetValueOrDefault("grpc-status-details-bin") is { } text ? RpcErrorCodec.Decode(Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='))) : null;

    public static async Task<GrpcAnswer> ReadAsync(HttpResponseMessage response, string contentType)
    {
        var body = await response.Content.ReadAsByteArrayAsync();
        var headers = Flat(response.Headers.Concat(response.Content.Headers));
        if (contentType.Contains("text", StringComparison.Ordinal)) body = Unbase64(body);
        var frames = FramesOf(body).ToList();
        var trailers = Flat(response.TrailingHeaders);
        if (frames.Count > 0 && frames[^1].Flags == 0x80)
        {
            trailers = System.Text.Encoding.ASCII.GetString(frames[^1].Bytes).Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(": ", 2)).ToDictionary(l => l[0], l => l[1]);
            frames.RemoveAt(frames.Count - 1);
        }

        var isTrailersOnly = headers.ContainsKey("grpc-status");
        if (isTrailersOnly) trailers = headers;
        Assert.True(trailers.ContainsKey("grpc-status"), $"No status: HTTP {(int)response.StatusCode} {System.Text.Encoding.UTF8.GetString(body)}");
        return new GrpcAnswer(
            (int)response.StatusCode, (StatusCode)int.Parse(trailers["grpc-status"], CultureInfo.InvariantCulture), Uri.UnescapeDataString(trailers.GetValueOrDefault("grpc-message", "")),
            [.. frames.Select(f => f.Flags == 1 ? GrpcClient.Unzip(f.Bytes) : f.Bytes)], headers, trailers, isTrailersOnly);
    }

    public GrpcAnswer Ok()
    {
        Assert.True(Code == StatusCode.Ok, $"{Code}: {Message}");
        Assert.Equal(200, Http);
        return this;
    }

    public GrpcAnswer Failed(StatusCode code, string says = "")
    {
        Assert.True(Code == code, $"{Code}: {Message}");
        Assert.Equal(200, Http);
        Assert.Contains(says, Message, StringComparison.Ordinal);
        return this;
    }

    public static IEnumerable<(byte Flags, byte[] Bytes)> FramesOf(byte[] body)
    {
        for (var at = 0; at < body.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt32BigEndian(body.AsSpan(at + 1));
            yield return (body[at], body[(at + 5)..(at + 5 + length)]);
            at += 5 + length;
        }
    }

    // Pieces, each padded by itself.
    private static byte[] Unbase64(byte[] text)
    {
        var all = new MemoryStream();
        for (var at = 0; at < text.Length; at += 4) all.Write(Convert.FromBase64String(System.Text.Encoding.ASCII.GetString(text, at, 4)));
        return all.ToArray();
    }

    private static Dictionary<string, string> Flat(IEnumerable<KeyValuePair<string, IEnumerable<string>>> headers) =>
        headers.ToDictionary(h => h.Key.ToLowerInvariant(), h => string.Join(',', h.Value), StringComparer.OrdinalIgnoreCase);
}
