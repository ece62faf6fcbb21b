using System.Text.Json;
using Orleans.Runtime;

namespace Granary.Codec;

/// <summary>A <see cref="GrainId"/> as a value: the text <c>type/key</c>, empty for the default.</summary>
public static class GrainIdValue
{
    private const string Expected = "a grain id such as \"orders/42\"";

    /// <summary>Writes the text with its length.</summary>
    public static void Write(ref WireWriter writer, GrainId value) => writer.WriteString(TextOf(value));

    /// <summary>Reads the text with its length.</summary>
    /// <exception cref="WireFormatException">It is no grain id.</exception>
    public static GrainId Read(ref WireReader reader)
    {
        var start = reader.Position;
        var text = reader.ReadString();
        return TryParse(text, out var value) ? value : throw new WireFormatException("a grain id is not of the form type/key", start);
    }

    /// <summary>Writes one JSON value.</summary>
    public static void WriteJson(Utf8JsonWriter writer, GrainId value) => writer.WriteStringValue(TextOf(value));

    /// <summary>Reads one JSON value.</summary>
    /// <exception cref="JsonFieldException">It is no grain id.</exception>
    public static GrainId ReadJson(ref Utf8JsonReader reader, ref JsonPath path) =>
        reader.TokenType == JsonTokenType.String && TryParse(JsonProblem.TextOf(ref reader), out var value) ? value : throw JsonValue.Mistyped(ref reader, ref path, Expected);

    /// <summary>Parses a path or query value.</summary>
    /// <exception cref="JsonFieldException">It is no grain id.</exception>
    public static GrainId Parse(string text, ref JsonPath path) => TryParse(text, out var value)
        ? value
        : throw new JsonFieldException(path.ToString(), $"{Expected} is expected, not {JsonProblem.Quote(text)}");

    private static string TextOf(GrainId value) => value.IsDefault ? "" : value.ToString();

    private static bool TryParse(string? text, out GrainId value)
    {
        value = default;
        return text is not null && (text.Length == 0 || GrainId.TryParse(text, null, out value));
    }
}
