using Granary.Generators.Model;

namespace Granary.Generators.Emit;

/// <summary>How each scalar is written, read and recognised as its default: one table.</summary>
internal static class ScalarCode
{
    private const string Json = "global::Granary.Codec.JsonValue.";
    private const string Identity = "global::Granary.Codec.GrainIdValue.";

    /// <summary>Writes the value, without its tag, to <c>writer</c>.</summary>
    public static string Write(TypeModel type, string value)
    {
        if (type.Shape == Shape.Enum) return $"writer.WriteInt32((int){value});";
        return type.Scalar switch
        {
            Scalar.Bool => $"writer.WriteBool({value});",
            Scalar.SByte or Scalar.Int16 or Scalar.Int32 => $"writer.WriteInt32({value});",
            Scalar.Char or Scalar.Byte or Scalar.UInt16 or Scalar.UInt32 => $"writer.WriteVarint32({value});",
            Scalar.Int64 => $"writer.WriteInt64({value});",
            Scalar.UInt64 => $"writer.WriteVarint({value});",
            Scalar.Float => $"writer.WriteFloat({value});",
            Scalar.Double => $"writer.WriteDouble({value});",
            Scalar.Decimal => $"writer.WriteDecimal({value});",
            Scalar.String => $"writer.WriteString({value});",
            Scalar.Guid => $"writer.WriteGuid({value});",
            Scalar.DateTime or Scalar.DateTimeOffset => $"writer.WriteTimestamp({value});",
            Scalar.TimeSpan => $"writer.WriteDuration({value});",
            Scalar.DateOnly => $"writer.WriteDateOnly({value});",
            Scalar.TimeOnly => $"writer.WriteTimeOnly({value});",
            Scalar.Bytes => $"writer.WriteBytes({value});",
            Scalar.Memory => $"writer.WriteBytes({value}.Span);",
            _ => $"{Identity}Write(ref writer, {value});",
        };
    }

    /// <summary>Reads the value, after its tag, from <c>reader</c>.</summary>
    public static string Read(TypeModel type) => type.Shape == Shape.Enum ? $"({type.Name}){ReadScalar(type.Scalar)}" : ReadScalar(type.Scalar);

    /// <summary>The condition under which protobuf writes the value.</summary>
    public static string IsNotDefault(TypeModel type, string value)
    {
        if (type.Shape == Shape.Enum) return $"{value} != default({type.Name})";
        return type.Scalar switch
        {
            Scalar.Bool => value,
            Scalar.Char => $"{value} != '\\0'",
            Scalar.Float => $"global::System.BitConverter.SingleToInt32Bits({value}) != 0",
            Scalar.Double => $"global::System.BitConverter.DoubleToInt64Bits({value}) != 0L",

            // 0.00 is not 0 to those who look at the scale.
            Scalar.Decimal => $"{value} != 0m || {value}.Scale != 0",
            Scalar.String or Scalar.Bytes => $"{value} is {{ Length: > 0 }}",
            Scalar.Memory => $"!{value}.IsEmpty",
            Scalar.Guid or Scalar.DateOnly or Scalar.TimeOnly => $"{value} != default({type.Name})",
            Scalar.GrainId => $"!{value}.IsDefault",
            Scalar.DateTime or Scalar.DateTimeOffset or Scalar.TimeSpan => "true",
            _ => $"{value} != 0",
        };
    }

    /// <summary>What an absent value is.</summary>
    public static string Absent(TypeModel type) => type switch
    {
        { Nullable: true } => "null",
        { Shape: Shape.Scalar, Scalar: Scalar.String } => "\"\"",
        { Shape: Shape.Scalar, Scalar: Scalar.Bytes } => "global::System.Array.Empty<byte>()",
        _ => "default",
    };

    /// <summary>Writes the value as JSON to <c>writer</c>, in <c>format</c>.</summary>
    public static string WriteJson(TypeModel type, string value)
    {
        if (type.Shape == Shape.Enum) return $"{Json}WriteEnum(writer, {value}, format);";
        return type.Scalar switch
        {
            Scalar.SByte or Scalar.Int16 or Scalar.Int32 => $"{Json}WriteInt32(writer, {value});",
            Scalar.Byte or Scalar.UInt16 or Scalar.UInt32 => $"{Json}WriteUInt32(writer, {value});",
            Scalar.Int64 or Scalar.UInt64 or Scalar.Decimal => $"{Json}Write{type.Scalar}(writer, {value}, format);",
            Scalar.DateTime or Scalar.DateTimeOffset => $"{Json}WriteTimestamp(writer, {value});",
            Scalar.TimeSpan => $"{Json}WriteDuration(writer, {value});",
            Scalar.Memory => $"{Json}WriteBytes(writer, {value}.Span);",
            Scalar.GrainId => $"{Identity}WriteJson(writer, {value});",
            _ => $"{Json}Write{type.Scalar}(writer, {value});",
        };
    }

    /// <summary>Reads the JSON value that <c>reader</c> stands on, which is at <c>path</c>.</summary>
    public static string ReadJson(TypeModel type)
    {
        if (type.Shape == Shape.Enum) return $"{Json}ReadEnum<{type.Name}>(ref reader, ref path)";
        return type.Scalar == Scalar.GrainId ? $"{Identity}ReadJson(ref reader, ref path)" : $"{Json}Read{JsonName(type.Scalar)}(ref reader, ref path)";
    }

    /// <summary>Parses the value from a path, a query or a dictionary's key.</summary>
    public static string Parse(TypeModel type, string text)
    {
        if (type.Shape == Shape.Enum) return $"{Json}ParseEnum<{type.Name}>({text}, ref path)";
        return type.Scalar == Scalar.GrainId ? $"{Identity}Parse({text}, ref path)" : $"{Json}Parse{JsonName(type.Scalar)}({text}, ref path)";
    }

    /// <summary>The kind in the schema.</summary>
    public static string SchemaKind(Scalar scalar) => scalar switch
    {
        Scalar.SByte or Scalar.Int16 or Scalar.Int32 => "Int32",
        Scalar.Byte or Scalar.UInt16 or Scalar.UInt32 => "UInt32",
        Scalar.Char or Scalar.DateOnly or Scalar.TimeOnly or Scalar.GrainId => "String",
        Scalar.DateTime or Scalar.DateTimeOffset => "Timestamp",
        Scalar.TimeSpan => "Duration",
        Scalar.Memory => "Bytes",
        _ => scalar.ToString(),
    };

    /// <summary>What is accepted, in words.</summary>
    public static string Expected(TypeModel type) => type switch
    {
        { Shape: Shape.List } => "an array",
        { Shape: Shape.Map or Shape.Message } => "an object",
        { Shape: Shape.Enum } => "one of " + string.Join(", ", type.Enum!.Values.Select(v => v.Name)),
        _ => type.Scalar switch
        {
            Scalar.Bool => "true or false",
            Scalar.Float or Scalar.Double or Scalar.Decimal => "a number",
            Scalar.String or Scalar.Char or Scalar.GrainId => "a string",
            Scalar.Guid => "a GUID",
            Scalar.DateTime or Scalar.DateTimeOffset => "an RFC 3339 time",
            Scalar.TimeSpan => "a duration such as \"1.5s\"",
            Scalar.DateOnly => "a date",
            Scalar.TimeOnly => "a time of day",
            Scalar.Bytes or Scalar.Memory => "base64",
            _ => "an integer",
        },
    };

    private static string JsonName(Scalar scalar) => scalar switch
    {
        Scalar.DateTimeOffset => "Timestamp",
        Scalar.TimeSpan => "Duration",
        Scalar.Memory => "Bytes",
        _ => scalar.ToString(),
    };

    private static string ReadScalar(Scalar scalar) => scalar switch
    {
        Scalar.DateTimeOffset => "reader.ReadTimestamp()",
        Scalar.TimeSpan => "reader.ReadDuration()",
        Scalar.Memory => "reader.ReadBytes()",
        Scalar.GrainId => $"{Identity}Read(ref reader)",
        _ => $"reader.Read{scalar}()",
    };
}
