using System.Text;
using System.Text.Json;

namespace Granary.Codec.Tests.Support;

internal delegate T JsonRead<T>(ref Utf8JsonReader reader, ref JsonPath path);

/// <summary>Single JSON values, read and written.</summary>
internal static class Json
{
    public static T Read<T>(string json, JsonRead<T> read) => Read(Encoding.UTF8.GetBytes(json), read);

    public static T Read<T>(byte[] json, JsonRead<T> read)
    {
        var reader = new Utf8JsonReader(json);
        Assert.True(reader.Read());
        var path = default(JsonPath);
        path.Push("field");
        var value = read(ref reader, ref path);
        Assert.False(reader.Read());
        return value;
    }

    public static JsonFieldException Refused<T>(string json, JsonRead<T> read)
    {
        var error = Assert.Throws<JsonFieldException>(() => Read(json, read));
        Assert.Equal("field", error.Path);
        Assert.Equal($"field: {error.Problem}", error.Message);
        return error;
    }

    public static string Write(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream)) write(writer);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
