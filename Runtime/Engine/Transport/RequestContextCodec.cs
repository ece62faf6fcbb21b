using System.Buffers.Binary;
using Granary.Codec;
using Orleans.Runtime;

namespace Granary.Engine.Transport;

/// <summary>
/// The request context in a request frame: <c>bytes</c> around <c>reentrancy id (16) or nothing | (key, kind, value)*</c>. Only values whose meaning every process shares can travel.
/// </summary>
internal static class RequestContextCodec
{
    /// <summary>Values that may travel with one call.</summary>
    internal const int MaxValues = 1024;

    private enum Kind : uint
    {
        Text = 1,
        Boolean = 2,
        Int32 = 3,
        Int64 = 4,
        Double = 5,
        Guid = 6,
        Bytes = 7,
        DateTime = 8,
        DateTimeOffset = 9,
        TimeSpan = 10,
        Decimal = 11,
    }

    /// <exception cref="ArgumentException">A value is of a type that cannot leave the process.</exception>
    internal static void Write(ref WireWriter w, RequestContextData context)
    {
        if (context.Values.Length > MaxValues) throw new ArgumentException($"The RequestContext holds {context.Values.Length} values and the limit is {MaxValues}. Send them as an argument.");
        var start = w.BeginMessage();
        var chain = context.ReentrancyId;
        w.WriteBool(chain != Guid.Empty);
        if (chain != Guid.Empty)
        {
            Span<byte> bytes = stackalloc byte[16];
            chain.TryWriteBytes(bytes);
            w.WriteFixed64(BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            w.WriteFixed64(BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
        }

        foreach (ref readonly var entry in context.Values)
        {
            w.WriteString(entry.Key);
            WriteValue(ref w, entry.Key, entry.Value);
        }

        w.EndMessage(start);
    }

    /// <exception cref="WireFormatException">The bytes are no context.</exception>
    internal static RequestContextData? Read(ref WireReader r)
    {
        var token = r.EnterPacked();
        var chain = Guid.Empty;
        if (r.ReadBool())
        {
            Span<byte> bytes = stackalloc byte[16];
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, r.ReadFixed64());
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], r.ReadFixed64());
            chain = new Guid(bytes);
        }

        var values = new List<KeyValuePair<string, object>>();
        while (r.HasMore)
        {
            if (values.Count == MaxValues) throw new WireFormatException($"a request context of more than {MaxValues} values", r.Position);
            var key = r.ReadString();
            values.Add(new(key, ReadValue(ref r)));
        }

        r.ExitPacked(token);
        return RequestContextData.Create([.. values], RequestContextData.NoDeadline, chain);
    }

    private static void WriteValue(ref WireWriter w, string key, object value)
    {
        switch (value)
        {
            case string text:
                Begin(ref w, Kind.Text);
                w.WriteString(text);
                break;
            case bool boolean:
                Begin(ref w, Kind.Boolean);
                w.WriteBool(boolean);
                break;
            case int number:
                Begin(ref w, Kind.Int32);
                w.WriteInt32(number);
                break;
            case long number:
                Begin(ref w, Kind.Int64);
                w.WriteInt64(number);
                break;
            case double number:
                Begin(ref w, Kind.Double);
                w.WriteDouble(number);
                break;
            case Guid guid:
                Begin(ref w, Kind.Guid);
                w.WriteGuid(guid);
                break;
            case byte[] bytes:
                Begin(ref w, Kind.Bytes);
                w.WriteBytes(bytes);
                break;
            case DateTime time:
                Begin(ref w, Kind.DateTime);
                w.WriteInt64(time.ToBinary());
                break;
            case DateTimeOffset time:
                Begin(ref w, Kind.DateTimeOffset);
                w.WriteInt64(time.Ticks);
                w.WriteInt64(time.Offset.Ticks);
                break;
            case TimeSpan span:
                Begin(ref w, Kind.TimeSpan);
                w.WriteInt64(span.Ticks);
                break;
            case decimal number:
                Begin(ref w, Kind.Decimal);
                w.WriteDecimal(number);
                break;
            default:
                throw new ArgumentException(
                    $"The RequestContext value '{key}' is a {value?.GetType().ToString() ?? "null"}, which cannot leave the process. Use a string, bool, int, long, double, decimal, Guid, byte[], DateTime, DateTimeOffset or TimeSpan.");
        }
    }

    private static void Begin(ref WireWriter w, Kind kind) => w.WriteVarint32((uint)kind);

    private static object ReadValue(ref WireReader r)
    {
        var at = r.Position;
        switch ((Kind)r.ReadVarint32())
        {
            case Kind.Text: return r.ReadString();
            case Kind.Boolean: return r.ReadBool();
            case Kind.Int32: return r.ReadInt32();
            case Kind.Int64: return r.ReadInt64();
            case Kind.Double: return r.ReadDouble();
            case Kind.Guid: return r.ReadGuid();
            case Kind.Bytes: return r.ReadBytes();
            case Kind.DateTime: return ReadDateTime(ref r, at);
            case Kind.DateTimeOffset: return ReadDateTimeOffset(ref r, at);
            case Kind.TimeSpan: return new TimeSpan(r.ReadInt64());
            case Kind.Decimal: return r.ReadDecimal();
            default: throw new WireFormatException("a request context value of an unknown kind", at);
        }
    }

    private static DateTime ReadDateTime(ref WireReader r, int at)
    {
        try
        {
            return DateTime.FromBinary(r.ReadInt64());
        }
        catch (ArgumentException)
        {
            throw new WireFormatException("a request context value is no time", at);
        }
    }

    private static DateTimeOffset ReadDateTimeOffset(ref WireReader r, int at)
    {
        try
        {
            return new DateTimeOffset(r.ReadInt64(), new TimeSpan(r.ReadInt64()));
        }
        catch (ArgumentException)
        {
            throw new WireFormatException("a request context value is no time", at);
        }
    }
}
