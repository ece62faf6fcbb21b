using System.Buffers;
using System.Text;
using System.Text.Json;
using Granary.Codec;

namespace Granary.Generators.Tests.Support;

/// <summary>Messages to bytes and text and back.</summary>
internal static class Codecs
{
    public static byte[] ToBytes<T>(T value)
    {
        var writer = new WireWriter(ArrayPool<byte>.Shared.Rent(16));
        MessageCodec<T>.Instance.Write(ref writer, value);
        return writer.Written.ToArray();
    }

    public static T FromBytes<T>(byte[] bytes)
    {
        var reader = new WireReader(bytes);
        var value = MessageCodec<T>.Instance.Read(ref reader);
        Assert.True(reader.AtEnd);
        return value;
    }

    public static string ToJson<T>(T value, JsonFormat format = JsonFormat.Web)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream)) MessageCodec<T>.Instance.WriteJson(writer, value, format);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    public static T FromJson<T>(string json)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        var path = default(JsonPath);
        reader.Read();
        var value = MessageCodec<T>.Instance.ReadJson(ref reader, ref path);
        Assert.False(reader.Read());
        return value;
    }

    public static T Copy<T>(T value) => MessageCodec<T>.Instance.Copy(value);
}
