using System.Text.Json;
using Granary.Codec;

namespace Granary.Rpc;

/// <summary>Items that are scalars: <c>{ value = 1 }</c>, left out when it is the default.</summary>
internal static class ScalarItemCodec
{
    private const uint Varint = 8;
    private const uint Fixed64 = 9;
    private const uint Delimited = 10;
    private const uint Fixed32 = 13;

    private delegate void WireWrite<T>(ref WireWriter writer, T value);

    private delegate T WireRead<T>(ref WireReader reader);

    private delegate void JsonWrite<T>(Utf8JsonWriter writer, T value, JsonFormat format);

    private delegate T JsonRead<T>(ref Utf8JsonReader reader, ref JsonPath path);

    /// <summary>The codec, or null when <typeparamref name="T"/> is no scalar.</summary>
    public static RpcItemCodec<T>? For<T>() => Make(typeof(T)) as RpcItemCodec<T>;

    private static object? Make(Type type) => Type.GetTypeCode(type.IsEnum ? typeof(Enum) : type) switch
    {
        TypeCode.Boolean => new Codec<bool>(Varint, v => !v, (ref w, v) => w.WriteBool(v), (ref r) => r.ReadBool(), (w, v, _) => JsonValue.WriteBool(w, v), JsonValue.ReadBool),
        TypeCode.Int32 => new Codec<int>(Varint, v => v == 0, (ref w, v) => w.WriteInt32(v), (ref r) => r.ReadInt32(), (w, v, _) => JsonValue.WriteInt32(w, v), JsonValue.ReadInt32),
        TypeCode.UInt32 => new Codec<uint>(Varint, v => v == 0, (ref w, v) => w.WriteVarint32(v), (ref r) => r.ReadUInt32(), (w, v, _) => JsonValue.WriteUInt32(w, v), JsonValue.ReadUInt32),
        TypeCode.Int64 => new Codec<long>(Varint, v => v == 0, (ref w, v) => w.WriteInt64(v), (ref r) => r.ReadInt64(), JsonValue.WriteInt64, JsonValue.ReadInt64),
        TypeCode.UInt64 => new Codec<ulong>(Varint, v => v == 0, (ref w, v) => w.WriteVarint(v), (ref r) => r.ReadUInt64(), JsonValue.WriteUInt64, JsonValue.ReadUInt64),

        // By their bits, since -0.0 is not the default.
        TypeCode.Single => new Codec<float>(Fixed32, v => BitConverter.SingleToInt32Bits(v) == 0, (ref w, v) => w.WriteFloat(v), (ref r) => r.ReadFloat(), (w, v, _) => JsonValue.WriteFloat(w, v), JsonValue.ReadFloat),
        TypeCode.Double => new Codec<double>(Fixed64, v => BitConverter.DoubleToInt64Bits(v) == 0, (ref w, v) => w.WriteDouble(v), (ref r) => r.ReadDouble(), (w, v, _) => JsonValue.WriteDouble(w, v), JsonValue.ReadDouble),
        TypeCode.String => new Codec<string>(Delimited, v => v.Length == 0, (ref w, v) => w.WriteString(v), (ref r) => r.ReadString(), (w, v, _) => JsonValue.WriteString(w, v), JsonValue.ReadString, absent: ""),
        TypeCode.Decimal => new Codec<decimal>(Delimited, v => v == 0, (ref w, v) => w.WriteDecimal(v), (ref r) => r.ReadDecimal(), JsonValue.WriteDecimal, JsonValue.ReadDecimal),
        TypeCode.DateTime => new Codec<DateTime>(Delimited, _ => false, (ref w, v) => w.WriteTimestamp(v), (ref r) => r.ReadDateTime(), (w, v, _) => JsonValue.WriteTimestamp(w, v), JsonValue.ReadDateTime),
        _ when type == typeof(DateTimeOffset) => new Codec<DateTimeOffset>(Delimited, _ => false, (ref w, v) => w.WriteTimestamp(v), (ref r) => r.ReadTimestamp(), (w, v, _) => JsonValue.WriteTimestamp(w, v), JsonValue.ReadTimestamp),
        _ when type == typeof(TimeSpan) => new Codec<TimeSpan>(Delimited, _ => false, (ref w, v) => w.WriteDuration(v), (ref r) => r.ReadDuration(), (w, v, _) => JsonValue.WriteDuration(w, v), JsonValue.ReadDuration),
        _ when type == typeof(Guid) => new Codec<Guid>(Delimited, v => v == Guid.Empty, (ref w, v) => w.WriteGuid(v), (ref r) => r.ReadGuid(), (w, v, _) => JsonValue.WriteGuid(w, v), JsonValue.ReadGuid),
        _ when type == typeof(byte[]) => new Codec<byte[]>(Delimited, v => v.Length == 0, (ref w, v) => w.WriteBytes(v), (ref r) => r.ReadBytes(), (w, v, _) => JsonValue.WriteBytes(w, v), JsonValue.ReadBytes, absent: [], copy: v => [.. v]),
        _ => null,
    };

    private sealed class Codec<T>(
        uint tag, Func<T, bool> isDefault, WireWrite<T> write, WireRead<T> read, JsonWrite<T> writeJson, JsonRead<T> readJson, T absent = default!, Func<T, T>? copy = null) : RpcItemCodec<T>
    {
        public override void Write(ref WireWriter writer, T value)
        {
            if (isDefault(value)) return;
            writer.WriteTag(tag);
            write(ref writer, value);
        }

        public override T Read(ref WireReader reader)
        {
            var value = absent;
            while (reader.ReadTag() is var found and not 0)
            {
                if (found == tag)
                {
                    value = read(ref reader);
                }
                else
                {
                    reader.Skip(found);
                }
            }

            return value;
        }

        public override uint WireType => tag & 7;

        public override void WriteField(ref WireWriter writer, int number, T value)
        {
            writer.WriteTag(((uint)number << 3) | WireType);
            write(ref writer, value);
        }

        public override T ReadField(ref WireReader reader) => read(ref reader);

        public override T Copy(T value) => copy is null ? value : copy(value);

        public override void WriteJson(Utf8JsonWriter writer, T value, JsonFormat format) => writeJson(writer, value, format);

        public override T ReadJson(ref Utf8JsonReader reader, ref JsonPath path) => readJson(ref reader, ref path);
    }
}
