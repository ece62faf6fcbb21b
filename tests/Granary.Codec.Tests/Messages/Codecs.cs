using System.Text;
using System.Text.Json;
using Granary.Codec.Tests.Support;

namespace Granary.Codec.Tests.Messages;

/// <summary>Generated codecs, from whole values to whole values.</summary>
internal static class Codecs
{
    public static byte[] Encode<T>(T value) => Wire.Ours((ref w) => MessageCodec<T>.Instance.Write(ref w, value));

    public static T Decode<T>(byte[] bytes) => Wire.Read(bytes, (ref r) => MessageCodec<T>.Instance.Read(ref r));

    public static string ToJson<T>(T value, JsonFormat format = JsonFormat.Web) => Json.Write(w => MessageCodec<T>.Instance.WriteJson(w, value, format));

    public static T FromJson<T>(string json, JsonFormat format = JsonFormat.Web)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        Assert.True(reader.Read());
        var path = new JsonPath(format);
        var value = MessageCodec<T>.Instance.ReadJson(ref reader, ref path);
        Assert.False(reader.Read());
        Assert.Equal("", path.ToString());
        return value;
    }

    public static JsonFieldException JsonRefused<T>(string json) => Assert.Throws<JsonFieldException>(() => FromJson<T>(json));
}
