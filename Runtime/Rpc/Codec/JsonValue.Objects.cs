using System.Text.Json;

namespace Granary.Codec;

/// <summary>What generated readers of objects and lists share: the shape checks and their errors.</summary>
public static partial class JsonValue
{
    /// <summary>Whether the current token is <c>null</c>.</summary>
    public static bool IsNull(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.Null;

    /// <summary>Whether the value of a field is null and therefore absent, as proto3 has it.</summary>
    public static bool IsAbsent(ref Utf8JsonReader reader, ref JsonPath path) => path.IsProto3 && reader.TokenType == JsonTokenType.Null;

    /// <summary>Checks that the reader stands on the start of an object.</summary>
    /// <exception cref="JsonFieldException">It does not.</exception>
    public static void ExpectObject(ref Utf8JsonReader reader, ref JsonPath path)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw Mistyped(ref reader, ref path, "an object");
    }

    /// <summary>Checks that the reader stands on the start of an array.</summary>
    /// <exception cref="JsonFieldException">It does not.</exception>
    public static void ExpectArray(ref Utf8JsonReader reader, ref JsonPath path)
    {
        if (reader.TokenType != JsonTokenType.StartArray) throw Mistyped(ref reader, ref path, "an array");
    }

    /// <summary>Whether the property name that the reader stands on is this one. Safe where <see cref="Utf8JsonReader.ValueTextEquals(ReadOnlySpan{byte})"/> throws: at escapes that are not valid Unicode.</summary>
    /// <param name="reader">Stands on a property name.</param>
    /// <param name="name">UTF-8, not escaped.</param>
    public static bool NameEquals(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        if (!reader.ValueIsEscaped) return reader.ValueTextEquals(name);
        try
        {
            return reader.ValueTextEquals(name);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Reads the property name that the reader stands on, as the key of a dictionary.</summary>
    /// <exception cref="JsonFieldException">It is not valid Unicode.</exception>
    public static string ReadName(ref Utf8JsonReader reader, ref JsonPath path) =>
        JsonProblem.TextOf(ref reader) ?? throw new JsonFieldException(path.ToString(), "a property name is not valid Unicode");

    /// <summary>The error to throw at a property name that the contract does not have.</summary>
    /// <param name="reader">Stands on the property name.</param>
    /// <param name="path">The object's path.</param>
    /// <param name="fields">The fields there are, separated by commas; empty when there are none.</param>
    public static JsonFieldException UnknownField(ref Utf8JsonReader reader, ref JsonPath path, string fields) =>
        At(ref path, JsonProblem.TextOf(ref reader) ?? "\uFFFD", fields.Length == 0 ? "unknown field; there are no fields here" : $"unknown field; the fields are {fields}");

    /// <summary>The error to throw when a property comes a second time.</summary>
    public static JsonFieldException DuplicateField(ref JsonPath path, string field) => At(ref path, field, "given twice; give it once");

    /// <summary>The error to throw when a property that has no default is not there.</summary>
    /// <param name="path">The object's path.</param>
    /// <param name="field">The property.</param>
    /// <param name="expected">What is accepted, for example <c>an integer</c>; or null.</param>
    public static JsonFieldException MissingField(ref JsonPath path, string field, string? expected = null) =>
        At(ref path, field, expected is null ? "missing" : $"missing; {expected} is expected");

    /// <summary>The error to throw at a value of another type than the contract's.</summary>
    /// <param name="reader">Stands on the value.</param>
    /// <param name="path">The value's path.</param>
    /// <param name="expected">What is accepted, for example <c>an integer</c>.</param>
    public static JsonFieldException Mistyped(ref Utf8JsonReader reader, ref JsonPath path, string expected) =>
        new(path.ToString(), $"{expected} is expected, not {JsonProblem.Seen(ref reader)}");

    /// <summary>
    /// Reads the sub-type's name of a union: the reader stands on the start of an object whose first property must be <c>$type</c>;
    /// afterwards it stands on that property's value.
    /// </summary>
    /// <param name="reader">Stands on the start of the object.</param>
    /// <param name="path">The object's path.</param>
    /// <param name="types">The sub-types there are, separated by commas.</param>
    /// <exception cref="JsonFieldException">It is no object, or <c>$type</c> is not first.</exception>
    public static string ReadUnionType(ref Utf8JsonReader reader, ref JsonPath path, string types)
    {
        ExpectObject(ref reader, ref path);
        reader.Read();
        if (reader.TokenType != JsonTokenType.PropertyName || !NameEquals(ref reader, "$type"u8))
            throw At(ref path, "$type", $"missing; the first property must be $type, one of {types}");
        reader.Read();
        if (reader.TokenType == JsonTokenType.String && JsonProblem.TextOf(ref reader) is { } name) return name;
        path.Push("$type");
        throw Mistyped(ref reader, ref path, $"one of {types}");
    }

    /// <summary>The error to throw at a <c>$type</c> that the union does not have.</summary>
    public static JsonFieldException UnknownUnionType(ref JsonPath path, string name, string types) =>
        At(ref path, "$type", $"one of {types} is expected, not {JsonProblem.Quote(name)}");

    /// <summary>Whether a value that protobuf has as text is left empty, which to proto3 is the default.</summary>
    private static bool IsEmptyText(ref Utf8JsonReader reader, ref JsonPath path) => path.IsProto3 && reader.TokenType == JsonTokenType.String && NameEquals(ref reader, ""u8);

    /// <summary>The error to throw where a union has two cases.</summary>
    public static JsonFieldException SecondUnionCase(ref JsonPath path, string name) => At(ref path, name, "the union already has a case; give one");

    private static JsonFieldException At(ref JsonPath path, string field, string problem)
    {
        path.Push(field);
        var error = new JsonFieldException(path.ToString(), problem);
        path.Pop();
        return error;
    }
}
