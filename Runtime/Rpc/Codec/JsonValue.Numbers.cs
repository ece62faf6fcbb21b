using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace Granary.Codec;

/// <summary>Numbers. An integer may be written as <c>7</c>, <c>7.0</c> or <c>7e0</c>; those of 64 bits and decimals also as a string.</summary>
public static partial class JsonValue
{
    private const NumberStyles IntegerStyle = NumberStyles.AllowLeadingSign;
    private const NumberStyles DecimalStyle = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
    private const string ANumber = "a number (or \"NaN\", \"Infinity\", \"-Infinity\")";

    /// <summary>Reads a number that fits <see cref="int"/>.</summary>
    public static int ReadInt32(ref Utf8JsonReader reader, ref JsonPath path) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var v) ? v : ReadInteger<int>(ref reader, ref path, path.IsProto3);

    /// <summary>Reads a number that fits <see cref="uint"/>.</summary>
    public static uint ReadUInt32(ref Utf8JsonReader reader, ref JsonPath path) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetUInt32(out var v) ? v : ReadInteger<uint>(ref reader, ref path, path.IsProto3);

    /// <summary>Reads a number, or a string that holds one, that fits <see cref="long"/>.</summary>
    public static long ReadInt64(ref Utf8JsonReader reader, ref JsonPath path) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var v) ? v : ReadInteger<long>(ref reader, ref path, true);

    /// <summary>Reads a number, or a string that holds one, that fits <see cref="ulong"/>.</summary>
    public static ulong ReadUInt64(ref Utf8JsonReader reader, ref JsonPath path) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetUInt64(out var v) ? v : ReadInteger<ulong>(ref reader, ref path, true);

    /// <summary>Reads a number that fits <see cref="short"/>.</summary>
    public static short ReadInt16(ref Utf8JsonReader reader, ref JsonPath path) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt16(out var v) ? v : ReadInteger<short>(ref reader, ref path, path.IsProto3);

    /// <summary>Reads a number that fits <see cref="ushort"/>.</summary>
    public static ushort ReadUInt16(ref Utf8JsonReader reader, ref JsonPath path) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetUInt16(out var v) ? v : ReadInteger<ushort>(ref reader, ref path, path.IsProto3);

    /// <summary>Reads a number that fits <see cref="byte"/>.</summary>
    public static byte ReadByte(ref Utf8JsonReader reader, ref JsonPath path) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetByte(out var v) ? v : ReadInteger<byte>(ref reader, ref path, path.IsProto3);

    /// <summary>Reads a number that fits <see cref="sbyte"/>.</summary>
    public static sbyte ReadSByte(ref Utf8JsonReader reader, ref JsonPath path) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetSByte(out var v) ? v : ReadInteger<sbyte>(ref reader, ref path, path.IsProto3);

    /// <summary>Reads a number, or the strings <c>NaN</c>, <c>Infinity</c> and <c>-Infinity</c>.</summary>
    public static double ReadDouble(ref Utf8JsonReader reader, ref JsonPath path)
    {
        if (reader.TokenType == JsonTokenType.Number)
        {
            // What overflows parses as infinity.
            if (reader.TryGetDouble(out var value) && double.IsFinite(value)) return value;
            throw OutOfRange(ref reader, ref path, double.MinValue, double.MaxValue);
        }

        return NamedDouble(ref reader) ?? QuotedDouble(ref reader, ref path) ?? throw Mistyped(ref reader, ref path, ANumber);
    }

    /// <summary>Reads a number that fits <see cref="float"/>, or the strings <c>NaN</c>, <c>Infinity</c> and <c>-Infinity</c>.</summary>
    public static float ReadFloat(ref Utf8JsonReader reader, ref JsonPath path)
    {
        if (reader.TokenType == JsonTokenType.Number)
        {
            if (reader.TryGetSingle(out var value) && float.IsFinite(value)) return value;
            throw OutOfRange(ref reader, ref path, float.MinValue, float.MaxValue);
        }

        return (float)(NamedDouble(ref reader) ?? QuotedDouble(ref reader, ref path) ?? throw Mistyped(ref reader, ref path, ANumber));
    }

    /// <summary>Reads a number, or a string that holds one, of up to 28 digits.</summary>
    public static decimal ReadDecimal(ref Utf8JsonReader reader, ref JsonPath path)
    {
        if (IsEmptyText(ref reader, ref path)) return default;
        if (reader.TokenType == JsonTokenType.Number)
            return reader.TryGetDecimal(out var value) ? value : throw OutOfRange(ref reader, ref path, decimal.MinValue, decimal.MaxValue);

        return reader.TokenType == JsonTokenType.String && decimal.TryParse(JsonProblem.TextOf(ref reader), DecimalStyle, CultureInfo.InvariantCulture, out var parsed)
            ? parsed
            : throw Mistyped(ref reader, ref path, "a decimal number, or a string that holds one,");
    }

    /// <summary>Writes a 32-bit integer.</summary>
    public static void WriteInt32(Utf8JsonWriter writer, int value) => writer.WriteNumberValue(value);

    /// <summary>Writes a 32-bit integer.</summary>
    public static void WriteUInt32(Utf8JsonWriter writer, uint value) => writer.WriteNumberValue(value);

    /// <summary>Writes a 64-bit integer, as a string if the format says so.</summary>
    public static void WriteInt64(Utf8JsonWriter writer, long value, JsonFormat format)
    {
        if (!format.HasFlag(JsonFormat.LongsAsStrings))
        {
            writer.WriteNumberValue(value);
            return;
        }

        Span<byte> text = stackalloc byte[20];
        value.TryFormat(text, out var written, provider: CultureInfo.InvariantCulture);
        writer.WriteStringValue(text[..written]);
    }

    /// <summary>Writes a 64-bit integer, as a string if the format says so.</summary>
    public static void WriteUInt64(Utf8JsonWriter writer, ulong value, JsonFormat format)
    {
        if (!format.HasFlag(JsonFormat.LongsAsStrings))
        {
            writer.WriteNumberValue(value);
            return;
        }

        Span<byte> text = stackalloc byte[20];
        value.TryFormat(text, out var written, provider: CultureInfo.InvariantCulture);
        writer.WriteStringValue(text[..written]);
    }

    /// <summary>Writes a number, or one of the strings <c>NaN</c>, <c>Infinity</c> and <c>-Infinity</c>.</summary>
    public static void WriteDouble(Utf8JsonWriter writer, double value)
    {
        if (double.IsFinite(value))
        {
            writer.WriteNumberValue(value);
        }
        else
        {
            writer.WriteStringValue(double.IsNaN(value) ? "NaN"u8 : value > 0 ? "Infinity"u8 : "-Infinity"u8);
        }
    }

    /// <summary>Writes a number, or one of the strings <c>NaN</c>, <c>Infinity</c> and <c>-Infinity</c>.</summary>
    public static void WriteFloat(Utf8JsonWriter writer, float value)
    {
        if (float.IsFinite(value))
        {
            writer.WriteNumberValue(value);
        }
        else
        {
            WriteDouble(writer, value);
        }
    }

    /// <summary>Writes a number that keeps its scale; a string where the format is proto3's, to which decimals are strings.</summary>
    public static void WriteDecimal(Utf8JsonWriter writer, decimal value, JsonFormat format)
    {
        if (!format.HasFlag(JsonFormat.LongsAsStrings))
        {
            writer.WriteNumberValue(value);
            return;
        }

        Span<byte> text = stackalloc byte[32];
        value.TryFormat(text, out var written, provider: CultureInfo.InvariantCulture);
        writer.WriteStringValue(text[..written]);
    }

    /// <summary>Parses the decimal digits of an integer of any width, from a path, a query or a dictionary's key.</summary>
    public static T ParseInteger<T>(string text, ref JsonPath path)
        where T : struct, IBinaryInteger<T>, IMinMaxValue<T> =>
        T.TryParse(text, IntegerStyle, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw Unparsable(text, ref path, $"an integer {JsonProblem.Range(T.MinValue, T.MaxValue)}");

    /// <summary>Parses an <see cref="int"/>.</summary>
    public static int ParseInt32(string text, ref JsonPath path) => ParseInteger<int>(text, ref path);

    /// <summary>Parses a <see cref="uint"/>.</summary>
    public static uint ParseUInt32(string text, ref JsonPath path) => ParseInteger<uint>(text, ref path);

    /// <summary>Parses a <see cref="long"/>.</summary>
    public static long ParseInt64(string text, ref JsonPath path) => ParseInteger<long>(text, ref path);

    /// <summary>Parses a <see cref="ulong"/>.</summary>
    public static ulong ParseUInt64(string text, ref JsonPath path) => ParseInteger<ulong>(text, ref path);

    /// <summary>Parses a <see cref="short"/>.</summary>
    public static short ParseInt16(string text, ref JsonPath path) => ParseInteger<short>(text, ref path);

    /// <summary>Parses a <see cref="ushort"/>.</summary>
    public static ushort ParseUInt16(string text, ref JsonPath path) => ParseInteger<ushort>(text, ref path);

    /// <summary>Parses a <see cref="byte"/>.</summary>
    public static byte ParseByte(string text, ref JsonPath path) => ParseInteger<byte>(text, ref path);

    /// <summary>Parses an <see cref="sbyte"/>.</summary>
    public static sbyte ParseSByte(string text, ref JsonPath path) => ParseInteger<sbyte>(text, ref path);

    /// <summary>Parses a number, or <c>NaN</c>, <c>Infinity</c> or <c>-Infinity</c>.</summary>
    public static double ParseDouble(string text, ref JsonPath path) => text switch
    {
        "NaN" => double.NaN,
        "Infinity" => double.PositiveInfinity,
        "-Infinity" => double.NegativeInfinity,
        _ => double.TryParse(text, DecimalStyle, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? value
            : throw Unparsable(text, ref path, "a number"),
    };

    /// <summary>Parses a number that fits <see cref="float"/>, or <c>NaN</c>, <c>Infinity</c> or <c>-Infinity</c>.</summary>
    public static float ParseFloat(string text, ref JsonPath path)
    {
        var value = ParseDouble(text, ref path);
        return double.IsFinite(value) && !float.IsFinite((float)value) ? throw Unparsable(text, ref path, $"a number {JsonProblem.Range(float.MinValue, float.MaxValue)}") : (float)value;
    }

    /// <summary>Parses a decimal number.</summary>
    public static decimal ParseDecimal(string text, ref JsonPath path) =>
        decimal.TryParse(text, DecimalStyle, CultureInfo.InvariantCulture, out var value) ? value : throw Unparsable(text, ref path, "a decimal number");

    private static T ReadInteger<T>(ref Utf8JsonReader reader, ref JsonPath path, bool orString)
        where T : struct, IBinaryInteger<T>, IMinMaxValue<T>
    {
        if (reader.TokenType == JsonTokenType.Number)
        {
            // The plain form was tried before: this one has a fraction or an exponent, or does not fit.
            if (!reader.TryGetDecimal(out var number)) throw OutOfRange(ref reader, ref path, T.MinValue, T.MaxValue);
            if (decimal.Truncate(number) != number) throw Mistyped(ref reader, ref path, "an integer");
            if (number < decimal.CreateChecked(T.MinValue) || number > decimal.CreateChecked(T.MaxValue)) throw OutOfRange(ref reader, ref path, T.MinValue, T.MaxValue);
            return T.CreateChecked(number);
        }

        if (orString && reader.TokenType == JsonTokenType.String && T.TryParse(JsonProblem.TextOf(ref reader), IntegerStyle, CultureInfo.InvariantCulture, out var parsed)) return parsed;
        throw Mistyped(ref reader, ref path, orString ? $"an integer {JsonProblem.Range(T.MinValue, T.MaxValue)}, or a string that holds one," : "an integer");
    }

    private static double? NamedDouble(ref Utf8JsonReader reader) => reader.TokenType != JsonTokenType.String ? null
        : NameEquals(ref reader, "NaN"u8) ? double.NaN
        : NameEquals(ref reader, "Infinity"u8) ? double.PositiveInfinity
        : NameEquals(ref reader, "-Infinity"u8) ? double.NegativeInfinity
        : null;

    /// <summary>A number between quotes, which proto3 takes.</summary>
    private static double? QuotedDouble(ref Utf8JsonReader reader, ref JsonPath path) =>
        path.IsProto3 && reader.TokenType == JsonTokenType.String && double.TryParse(JsonProblem.TextOf(ref reader), DecimalStyle, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? value
            : null;

    private static JsonFieldException OutOfRange<T>(ref Utf8JsonReader reader, ref JsonPath path, T min, T max)
        where T : IFormattable => Mistyped(ref reader, ref path, $"a number {JsonProblem.Range(min, max)}");

    private static JsonFieldException Unparsable(string text, ref JsonPath path, string expected) =>
        new(path.ToString(), $"{expected} is expected, not {JsonProblem.Quote(text)}");
}
