using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;

namespace Granary.Codec;

/// <summary>
/// Reads and writes single JSON values for generated code. A <c>Read</c> stands on the value's token and stays on it; a <c>Parse</c> takes the text of a path segment,
/// a query value or a dictionary's key. Both throw <see cref="JsonFieldException"/>, which names the path, what is expected and what is there, and nothing else.
/// </summary>
/// <remarks>Budget: no allocation besides results, as long as values are well-formed and not escaped.</remarks>
public static partial class JsonValue
{
    private const string ABoolean = "true or false";
    private const string AGuid = "a GUID such as \"0f8fad5b-d9cb-469f-a165-70867728950e\"";

    /// <summary>Reads <c>true</c> or <c>false</c>.</summary>
    public static bool ReadBool(ref Utf8JsonReader reader, ref JsonPath path) => reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw Mistyped(ref reader, ref path, ABoolean),
    };

    /// <summary>Reads a string.</summary>
    public static string ReadString(ref Utf8JsonReader reader, ref JsonPath path)
    {
        if (reader.TokenType != JsonTokenType.String) throw Mistyped(ref reader, ref path, "a string");
        return JsonProblem.TextOf(ref reader) ?? throw new JsonFieldException(path.ToString(), "the text is not valid Unicode");
    }

    /// <summary>Reads a string of one UTF-16 char.</summary>
    public static char ReadChar(ref Utf8JsonReader reader, ref JsonPath path) =>
        reader.TokenType == JsonTokenType.String && JsonProblem.TextOf(ref reader) is [var c] ? c : throw Mistyped(ref reader, ref path, "a string of one character");

    /// <summary>Reads base64, standard or URL-safe, padded or not.</summary>
    public static byte[] ReadBytes(ref Utf8JsonReader reader, ref JsonPath path)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            if (reader.TryGetBytesFromBase64(out var bytes)) return bytes;
            if (JsonProblem.TextOf(ref reader) is { } text && TryParseBase64(text) is { } other) return other;
        }

        throw Mistyped(ref reader, ref path, "base64");
    }

    /// <summary>Reads a GUID with hyphens.</summary>
    public static Guid ReadGuid(ref Utf8JsonReader reader, ref JsonPath path) => IsEmptyText(ref reader, ref path) ? default :
        reader.TokenType == JsonTokenType.String && reader.TryGetGuid(out var value) ? value : throw Mistyped(ref reader, ref path, AGuid);

    /// <summary>Writes <c>true</c> or <c>false</c>.</summary>
    public static void WriteBool(Utf8JsonWriter writer, bool value) => writer.WriteBooleanValue(value);

    /// <summary>Writes a string, or <c>null</c>.</summary>
    public static void WriteString(Utf8JsonWriter writer, string? value) => writer.WriteStringValue(value);

    /// <summary>Writes a string of one char.</summary>
    public static void WriteChar(Utf8JsonWriter writer, char value) => writer.WriteStringValue([value]);

    /// <summary>Writes standard base64, padded.</summary>
    public static void WriteBytes(Utf8JsonWriter writer, ReadOnlySpan<byte> value) => writer.WriteBase64StringValue(value);

    /// <summary>Writes a GUID with hyphens.</summary>
    public static void WriteGuid(Utf8JsonWriter writer, Guid value) => writer.WriteStringValue(value);

    /// <summary>Parses <c>true</c> or <c>false</c>.</summary>
    public static bool ParseBool(string text, ref JsonPath path) => text switch
    {
        "true" => true,
        "false" => false,
        _ => throw Unparsable(text, ref path, ABoolean),
    };

    /// <summary>Takes the text as it is.</summary>
    public static string ParseString(string text, ref JsonPath path) => text;

    /// <summary>Parses a text of one char.</summary>
    public static char ParseChar(string text, ref JsonPath path) => text is [var c] ? c : throw Unparsable(text, ref path, "one character");

    /// <summary>Parses base64, standard or URL-safe, padded or not.</summary>
    public static byte[] ParseBytes(string text, ref JsonPath path) => TryParseBase64(text) ?? throw Unparsable(text, ref path, "base64");

    /// <summary>Parses a GUID with hyphens.</summary>
    public static Guid ParseGuid(string text, ref JsonPath path) => Guid.TryParseExact(text, "D", out var value) ? value : throw Unparsable(text, ref path, AGuid);

    /// <summary>Writes a dictionary's key.</summary>
    public static void WriteKey(Utf8JsonWriter writer, string key) => writer.WritePropertyName(key);

    /// <summary>Writes a dictionary's key.</summary>
    public static void WriteKey(Utf8JsonWriter writer, bool key) => writer.WritePropertyName(key ? "true"u8 : "false"u8);

    /// <summary>Writes a dictionary's key: an integer or a GUID.</summary>
    public static void WriteKey<T>(Utf8JsonWriter writer, T key)
        where T : struct, IUtf8SpanFormattable
    {
        Span<byte> text = stackalloc byte[40];
        key.TryFormat(text, out var written, default, CultureInfo.InvariantCulture);
        writer.WritePropertyName(text[..written]);
    }

    private static byte[]? TryParseBase64(string text)
    {
        // Both alphabets of RFC 4648; the decoder of the URL-safe one takes text with and without padding.
        var urlSafe = text.Replace('+', '-').Replace('/', '_');
        foreach (var c in urlSafe)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '=')) return null;
        }

        try
        {
            return Base64Url.DecodeFromChars(urlSafe);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
