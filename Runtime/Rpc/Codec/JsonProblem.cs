using System.Globalization;
using System.Text.Json;

namespace Granary.Codec;

/// <summary>Words for what a JSON request holds instead of what it should. Only runs when a request is refused.</summary>
internal static class JsonProblem
{
    private const int LongestQuote = 64;

    /// <summary>The current token in words: <c>the text "abc"</c>, <c>the number 1.5</c>, <c>null</c>.</summary>
    public static string Seen(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String => $"the text {Quote(TextOf(ref reader) ?? "\uFFFD")}",
        JsonTokenType.Number => $"the number {Shorten(NumberText(ref reader))}",
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        JsonTokenType.Null => "null",
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        _ => "nothing",
    };

    /// <summary>The text of a string or property name; null when it is not valid Unicode.</summary>
    public static string? TextOf(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    public static string Quote(string text) => $"\"{Shorten(text)}\"";

    /// <summary>The text without control characters and at most 64 chars of it, since it goes into a message, and into logs.</summary>
    public static string Shorten(string text)
    {
        var cut = text.Length > LongestQuote;
        var shown = cut ? text.AsSpan(0, char.IsHighSurrogate(text[LongestQuote - 1]) ? LongestQuote - 1 : LongestQuote) : text;
        return string.Create(shown.Length + (cut ? 1 : 0), shown, static (to, from) =>
        {
            to[^1] = '…';
            for (var i = 0; i < from.Length; i++) to[i] = char.IsControl(from[i]) || char.IsSurrogate(from[i]) && !IsPaired(from, i) ? '\uFFFD' : from[i];
        });
    }

    public static string Range<T>(T min, T max)
        where T : IFormattable => string.Create(CultureInfo.InvariantCulture, $"between {min} and {max}");

    private static bool IsPaired(ReadOnlySpan<char> text, int i) => char.IsHighSurrogate(text[i])
        ? i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])
        : i > 0 && char.IsHighSurrogate(text[i - 1]);

    private static string NumberText(ref Utf8JsonReader reader)
    {
        var bytes = reader.HasValueSequence ? System.Buffers.BuffersExtensions.ToArray(reader.ValueSequence) : reader.ValueSpan;
        return System.Text.Encoding.ASCII.GetString(bytes[..Math.Min(bytes.Length, LongestQuote + 1)]);
    }
}
