using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Google.Protobuf;
using Granary.Codec;

namespace Granary.Benchmarks.Codecs;

/// <summary>Our generated codec beside protoc's code and System.Text.Json: size, time to write, time to read.</summary>
internal sealed class CodecComparison : IBenchmark
{
    public string Name => "codec";

    public string About => "write and read small, medium and large messages: ours, Google.Protobuf, System.Text.Json";

    public async Task RunAsync(Session session)
    {
        var small = SampleMessages.Small();
        await CompareAsync(session, "small", small, SampleMessages.ToProtoc(small), Protoc.Point.Parser, TextJson.Default.Point);
        var medium = SampleMessages.Medium();
        await CompareAsync(session, "medium", medium, SampleMessages.ToProtoc(medium), Protoc.Order.Parser, TextJson.Default.Order);
        var large = SampleMessages.Large();
        await CompareAsync(session, "large", large, SampleMessages.ToProtoc(large), Protoc.Telemetry.Parser, TextJson.Default.Telemetry);
    }

    private async Task CompareAsync<T, TProtoc>(Session session, string size, T ours, TProtoc theirs, MessageParser<TProtoc> parser, JsonTypeInfo<T> json)
        where TProtoc : class, IMessage<TProtoc>
    {
        var binary = theirs.ToByteArray();
        var text = JsonSerializer.SerializeToUtf8Bytes(ours, json);
        CheckSame(ours, theirs, parser, text);

        session.Add(Figure.Single(Name, $"{size}: protobuf, size", Unit.Bytes, binary.Length, new Peer("System.Text.Json", text.Length, text.Length, SameRun: true)));
        await AgainstAsync(session, $"{size}: protobuf, write", n => WriteOurs(n, ours), "Google.Protobuf", n => WriteTheirs(n, theirs, binary.Length));
        await AgainstAsync(session, $"{size}: protobuf, read", n => ReadOurs<T>(n, binary), "Google.Protobuf", n => ReadTheirs(n, parser, binary));
        await AgainstAsync(session, $"{size}: JSON, write", n => WriteOurJson(n, ours), "System.Text.Json", n => WriteTextJson(n, ours, json));
        await AgainstAsync(session, $"{size}: JSON, read", n => ReadOurJson<T>(n, text), "System.Text.Json", n => ReadTextJson(n, json, text));
    }

    private async Task AgainstAsync(Session session, string name, Action<int> ours, string peer, Action<int> theirs)
    {
        var (mine, other) = await Measurement.RatesAsync(session, ours, theirs);
        session.Add(Name, name, mine.AsNanoseconds(), new Peer(peer, 1e9 / other.Value, 1e9 / other.Value, SameRun: true));
    }

    /// <summary>A comparison of codecs that say different things would say nothing.</summary>
    private static void CheckSame<T, TProtoc>(T ours, TProtoc theirs, MessageParser<TProtoc> parser, byte[] text)
        where TProtoc : class, IMessage<TProtoc>
    {
        var writer = new WireWriter(ArrayPool<byte>.Shared.Rent(256));
        MessageCodec<T>.Instance.Write(ref writer, ours);
        if (!parser.ParseFrom(writer.Written).Equals(theirs)) throw new InvalidOperationException($"{typeof(T).Name}: protoc's code reads something else than we wrote.");
        ArrayPool<byte>.Shared.Return(writer.Buffer);

        using var json = new MemoryStream();
        using (var output = new Utf8JsonWriter(json)) MessageCodec<T>.Instance.WriteJson(output, ours, JsonFormat.Web);
        if (!JsonElement.DeepEquals(JsonElement.Parse(json.ToArray()), JsonElement.Parse(text))) throw new InvalidOperationException($"{typeof(T).Name}: our JSON differs from System.Text.Json's.");
    }

    private static void WriteOurs<T>(int n, T value)
    {
        var codec = MessageCodec<T>.Instance;
        for (var i = 0; i < n; i++)
        {
            var writer = new WireWriter(ArrayPool<byte>.Shared.Rent(256));
            codec.Write(ref writer, value);
            ArrayPool<byte>.Shared.Return(writer.Buffer);
        }
    }

    private static void WriteTheirs<TProtoc>(int n, TProtoc value, int size)
        where TProtoc : IMessage<TProtoc>
    {
        for (var i = 0; i < n; i++)
        {
            var buffer = ArrayPool<byte>.Shared.Rent(size);
            value.WriteTo(buffer.AsSpan(0, value.CalculateSize()));
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void ReadOurs<T>(int n, byte[] bytes)
    {
        var codec = MessageCodec<T>.Instance;
        for (var i = 0; i < n; i++)
        {
            var reader = new WireReader(bytes);
            GC.KeepAlive(codec.Read(ref reader));
        }
    }

    private static void ReadTheirs<TProtoc>(int n, MessageParser<TProtoc> parser, byte[] bytes)
        where TProtoc : class, IMessage<TProtoc>
    {
        for (var i = 0; i < n; i++) GC.KeepAlive(parser.ParseFrom(bytes));
    }

    private static void WriteOurJson<T>(int n, T value)
    {
        var codec = MessageCodec<T>.Instance;
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        for (var i = 0; i < n; i++)
        {
            buffer.ResetWrittenCount();
            writer.Reset(buffer);
            codec.WriteJson(writer, value, JsonFormat.Web);
            writer.Flush();
        }
    }

    private static void WriteTextJson<T>(int n, T value, JsonTypeInfo<T> type)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        for (var i = 0; i < n; i++)
        {
            buffer.ResetWrittenCount();
            writer.Reset(buffer);
            JsonSerializer.Serialize(writer, value, type);
            writer.Flush();
        }
    }

    private static void ReadOurJson<T>(int n, byte[] text)
    {
        var codec = MessageCodec<T>.Instance;
        for (var i = 0; i < n; i++)
        {
            var reader = new Utf8JsonReader(text);
            reader.Read();
            var path = default(JsonPath);
            GC.KeepAlive(codec.ReadJson(ref reader, ref path));
        }
    }

    private static void ReadTextJson<T>(int n, JsonTypeInfo<T> type, byte[] text)
    {
        for (var i = 0; i < n; i++) GC.KeepAlive(JsonSerializer.Deserialize(text, type));
    }
}
