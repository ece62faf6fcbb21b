using System.Collections.Frozen;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Granary.Codec;

/// <summary>Enums: read by C# name in any case, by protobuf name, or by number; written by name. A number without a name is kept as a number.</summary>
public static partial class JsonValue
{
    /// <summary>Reads an enum.</summary>
    public static T ReadEnum<T>(ref Utf8JsonReader reader, ref JsonPath path)
        where T : struct, Enum
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number) && EnumNames<T>.TryFromNumber(number, out var value)) return value;
        if (reader.TokenType == JsonTokenType.String && JsonProblem.TextOf(ref reader) is { } name && EnumNames<T>.ByName.TryGetValue(name, out value)) return value;
        throw Mistyped(ref reader, ref path, EnumNames<T>.Expected);
    }

    /// <summary>Parses an enum's name or number.</summary>
    public static T ParseEnum<T>(string text, ref JsonPath path)
        where T : struct, Enum
    {
        if (EnumNames<T>.ByName.TryGetValue(text, out var value)) return value;
        if (long.TryParse(text, IntegerStyle, CultureInfo.InvariantCulture, out var number) && EnumNames<T>.TryFromNumber(number, out value)) return value;
        throw Unparsable(text, ref path, EnumNames<T>.Expected);
    }

    /// <summary>Writes an enum's C# name, or where the format is proto3's its protobuf name; its number where it has none.</summary>
    public static void WriteEnum<T>(Utf8JsonWriter writer, T value, JsonFormat format)
        where T : struct, Enum
    {
        if ((format.HasFlag(JsonFormat.LongsAsStrings) ? EnumNames<T>.ProtoByValue : EnumNames<T>.ByValue).TryGetValue(value, out var name))
        {
            writer.WriteStringValue(name);
        }
        else
        {
            writer.WriteNumberValue(EnumNames<T>.ToNumber(value));
        }
    }

    /// <summary>The names of one enum. Reflection, once for each enum.</summary>
    private static class EnumNames<T>
        where T : struct, Enum
    {
        public static readonly FrozenDictionary<T, JsonEncodedText> ByValue = Enum.GetNames<T>()
            .GroupBy(Enum.Parse<T>)
            .ToFrozenDictionary(g => g.Key, g => JsonEncodedText.Encode(g.First()));

        public static readonly FrozenDictionary<T, JsonEncodedText> ProtoByValue = Enum.GetNames<T>()
            .GroupBy(Enum.Parse<T>)
            .ToFrozenDictionary(g => g.Key, g => JsonEncodedText.Encode(ProtoNames.EnumValue(ProtoNames.Enum(typeof(T)), g.First())));

        public static readonly FrozenDictionary<string, T> ByName = Names();

        public static readonly string Expected = $"one of {string.Join(", ", Enum.GetNames<T>())}";

        private static readonly TypeCode s_underlying = Type.GetTypeCode(typeof(T));

        public static long ToNumber(T value) => s_underlying switch
        {
            TypeCode.SByte => Unsafe.BitCast<T, sbyte>(value),
            TypeCode.Byte => Unsafe.BitCast<T, byte>(value),
            TypeCode.Int16 => Unsafe.BitCast<T, short>(value),
            TypeCode.UInt16 => Unsafe.BitCast<T, ushort>(value),
            TypeCode.Int32 => Unsafe.BitCast<T, int>(value),
            TypeCode.UInt32 => Unsafe.BitCast<T, uint>(value),
            _ => Unsafe.BitCast<T, long>(value),
        };

        public static bool TryFromNumber(long number, out T value)
        {
            value = s_underlying switch
            {
                TypeCode.SByte => Unsafe.BitCast<sbyte, T>((sbyte)number),
                TypeCode.Byte => Unsafe.BitCast<byte, T>((byte)number),
                TypeCode.Int16 => Unsafe.BitCast<short, T>((short)number),
                TypeCode.UInt16 => Unsafe.BitCast<ushort, T>((ushort)number),
                TypeCode.Int32 => Unsafe.BitCast<int, T>((int)number),
                TypeCode.UInt32 => Unsafe.BitCast<uint, T>((uint)number),
                _ => Unsafe.BitCast<long, T>(number),
            };
            return ToNumber(value) == number;
        }

        private static FrozenDictionary<string, T> Names()
        {
            // A C# name wins where two differ only in case, or where one is the protobuf name of another: exact names are added first.
            var names = new Dictionary<string, T>(StringComparer.OrdinalIgnoreCase);
            foreach (var name in Enum.GetNames<T>()) names.TryAdd(name, Enum.Parse<T>(name));
            foreach (var name in Enum.GetNames<T>()) names.TryAdd(ProtoNames.EnumValue(ProtoNames.Enum(typeof(T)), name), Enum.Parse<T>(name));
            return names.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        }
    }
}
