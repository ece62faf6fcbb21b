using System.Globalization;
using System.Text.Json;

namespace Granary.Codec;

/// <summary>Times: RFC 3339 for moments, seconds with an <c>s</c> for durations (the proto3 JSON mapping), ISO 8601 for dates and times of day.</summary>
public static partial class JsonValue
{
    private const string ATimestamp = "an RFC 3339 time such as \"2026-05-01T12:30:00Z\"";
    private const string ADuration = "a duration in seconds such as \"1.5s\"";
    private const string ADate = "a date such as \"2026-05-01\"";
    private const string ATimeOfDay = "a time of day such as \"12:30:00\"";
    private const int LongestTime = 40;

    /// <summary>Reads an RFC 3339 time; the result is in UTC, digits beyond 100 ns are dropped.</summary>
    public static DateTimeOffset ReadTimestamp(ref Utf8JsonReader reader, ref JsonPath path)
    {
        Span<byte> text = stackalloc byte[LongestTime];
        return JsonTime.TryParseTimestamp(text[..CopyTime(ref reader, text)], out var ticks) ? new DateTimeOffset(ticks, TimeSpan.Zero) : throw Mistyped(ref reader, ref path, ATimestamp);
    }

    /// <summary>Reads an RFC 3339 time; the result is in UTC, digits beyond 100 ns are dropped.</summary>
    public static DateTime ReadDateTime(ref Utf8JsonReader reader, ref JsonPath path) => ReadTimestamp(ref reader, ref path).UtcDateTime;

    /// <summary>Reads a duration in seconds, up to nine decimals of which seven count.</summary>
    public static TimeSpan ReadDuration(ref Utf8JsonReader reader, ref JsonPath path)
    {
        Span<byte> text = stackalloc byte[LongestTime];
        return JsonTime.TryParseDuration(text[..CopyTime(ref reader, text)], out var value) ? value : throw Mistyped(ref reader, ref path, ADuration);
    }

    /// <summary>Reads a date, <c>yyyy-MM-dd</c>.</summary>
    public static DateOnly ReadDateOnly(ref Utf8JsonReader reader, ref JsonPath path) => IsEmptyText(ref reader, ref path) ? default :
        reader.TokenType == JsonTokenType.String && DateOnly.TryParseExact(JsonProblem.TextOf(ref reader), WireWriter.DateFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var value)
            ? value
            : throw Mistyped(ref reader, ref path, ADate);

    /// <summary>Reads a time of day, <c>HH:mm:ss</c> and up to seven decimals.</summary>
    public static TimeOnly ReadTimeOnly(ref Utf8JsonReader reader, ref JsonPath path) => IsEmptyText(ref reader, ref path) ? default :
        reader.TokenType == JsonTokenType.String && JsonTime.TryParseTimeOfDay(JsonProblem.TextOf(ref reader), out var value) ? value : throw Mistyped(ref reader, ref path, ATimeOfDay);

    /// <summary>Writes a moment in UTC with a <c>Z</c> and 0, 3, 6 or 9 decimals.</summary>
    public static void WriteTimestamp(Utf8JsonWriter writer, DateTimeOffset value)
    {
        Span<byte> text = stackalloc byte[LongestTime];
        writer.WriteStringValue(text[..JsonTime.FormatTimestamp(value.UtcTicks, text)]);
    }

    /// <summary>Writes a moment in UTC with a <c>Z</c>. A local time is converted; one of unspecified kind is taken as UTC.</summary>
    public static void WriteTimestamp(Utf8JsonWriter writer, DateTime value)
    {
        Span<byte> text = stackalloc byte[LongestTime];
        writer.WriteStringValue(text[..JsonTime.FormatTimestamp((value.Kind == DateTimeKind.Local ? value.ToUniversalTime() : value).Ticks, text)]);
    }

    /// <summary>Writes a duration in seconds with 0, 3, 6 or 9 decimals and an <c>s</c>.</summary>
    public static void WriteDuration(Utf8JsonWriter writer, TimeSpan value)
    {
        Span<byte> text = stackalloc byte[LongestTime];
        writer.WriteStringValue(text[..JsonTime.FormatDuration(value, text)]);
    }

    /// <summary>Writes a date, <c>yyyy-MM-dd</c>.</summary>
    public static void WriteDateOnly(Utf8JsonWriter writer, DateOnly value)
    {
        Span<byte> text = stackalloc byte[LongestTime];
        value.TryFormat(text, out var written, WireWriter.DateFormat, CultureInfo.InvariantCulture);
        writer.WriteStringValue(text[..written]);
    }

    /// <summary>Writes a time of day, <c>HH:mm:ss</c> and the decimals it has.</summary>
    public static void WriteTimeOnly(Utf8JsonWriter writer, TimeOnly value)
    {
        Span<byte> text = stackalloc byte[LongestTime];
        value.TryFormat(text, out var written, WireWriter.TimeFormat, CultureInfo.InvariantCulture);
        writer.WriteStringValue(text[..written]);
    }

    /// <summary>Parses an RFC 3339 time; the result is in UTC.</summary>
    public static DateTimeOffset ParseTimestamp(string text, ref JsonPath path)
    {
        Span<byte> ascii = stackalloc byte[LongestTime];
        return JsonTime.TryParseTimestamp(Ascii(text, ascii), out var ticks) ? new DateTimeOffset(ticks, TimeSpan.Zero) : throw Unparsable(text, ref path, ATimestamp);
    }

    /// <summary>Parses an RFC 3339 time; the result is in UTC.</summary>
    public static DateTime ParseDateTime(string text, ref JsonPath path) => ParseTimestamp(text, ref path).UtcDateTime;

    /// <summary>Parses a duration in seconds.</summary>
    public static TimeSpan ParseDuration(string text, ref JsonPath path)
    {
        Span<byte> ascii = stackalloc byte[LongestTime];
        return JsonTime.TryParseDuration(Ascii(text, ascii), out var value) ? value : throw Unparsable(text, ref path, ADuration);
    }

    /// <summary>Parses a date, <c>yyyy-MM-dd</c>.</summary>
    public static DateOnly ParseDateOnly(string text, ref JsonPath path) =>
        DateOnly.TryParseExact(text, WireWriter.DateFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var value) ? value : throw Unparsable(text, ref path, ADate);

    /// <summary>Parses a time of day, <c>HH:mm:ss</c> and up to seven decimals.</summary>
    public static TimeOnly ParseTimeOnly(string text, ref JsonPath path) =>
        JsonTime.TryParseTimeOfDay(text, out var value) ? value : throw Unparsable(text, ref path, ATimeOfDay);

    /// <summary>Copies the token's bytes: all the forms accepted are ASCII without escapes. 0 for what can be no time.</summary>
    private static int CopyTime(ref Utf8JsonReader reader, scoped Span<byte> to)
    {
        if (reader.TokenType != JsonTokenType.String || reader.ValueIsEscaped) return 0;
        var length = reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length;
        if (length > to.Length) return 0;
        if (reader.HasValueSequence)
        {
            System.Buffers.BuffersExtensions.CopyTo(reader.ValueSequence, to);
        }
        else
        {
            reader.ValueSpan.CopyTo(to);
        }

        return (int)length;
    }

    private static ReadOnlySpan<byte> Ascii(string text, Span<byte> scratch) =>
        System.Text.Ascii.FromUtf16(text, scratch, out var written) == System.Buffers.OperationStatus.Done ? scratch[..written] : default;
}
