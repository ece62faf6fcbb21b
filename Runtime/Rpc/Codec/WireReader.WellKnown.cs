using System.Buffers.Text;
using System.Globalization;

namespace Granary.Codec;

/// <summary>Types of .NET that have a well-known protobuf form. Each is read as a length and its content; the tag was read before.</summary>
public ref partial struct WireReader
{
    internal const long UnixEpochSeconds = 62_135_596_800;
    internal const uint SecondsTag = 8;
    internal const uint NanosTag = 16;

    private const long MaxTimestampSeconds = 253_402_300_799;

    /// <summary>Reads a <c>google.protobuf.Timestamp</c> between the years 1 and 9999, rounded down to 100 ns, in UTC.</summary>
    public DateTimeOffset ReadTimestamp() => new(ReadTimestampTicks(), TimeSpan.Zero);

    /// <summary>Reads a <c>google.protobuf.Timestamp</c> between the years 1 and 9999, rounded down to 100 ns, in UTC.</summary>
    public DateTime ReadDateTime() => new(ReadTimestampTicks(), DateTimeKind.Utc);

    /// <summary>Reads a <c>google.protobuf.Duration</c> that a <see cref="TimeSpan"/> can hold, rounded towards zero to 100 ns.</summary>
    public TimeSpan ReadDuration()
    {
        var start = _position;
        ReadSecondsAndNanos(out var seconds, out var nanos);
        if (nanos is <= -1_000_000_000 or >= 1_000_000_000 || (seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0))
            throw new WireFormatException($"a duration of {seconds} s and {nanos} ns: the nanoseconds must be less than a second and of the same sign", start);

        var ticks = ((Int128)seconds * TimeSpan.TicksPerSecond) + (nanos / 100);
        if (ticks < long.MinValue || ticks > long.MaxValue) throw new WireFormatException($"a duration of {seconds} s is out of range", start);
        return new TimeSpan((long)ticks);
    }

    /// <summary>Reads a GUID: 36 characters with hyphens. An empty text is the empty GUID.</summary>
    public Guid ReadGuid()
    {
        var start = _position;
        var text = ReadSpan();
        if (text.IsEmpty) return Guid.Empty;
        if (text.Length != 36 || !Utf8Parser.TryParse(text, out Guid value, out var used, 'D') || used != 36) throw new WireFormatException("a GUID is not 36 characters with hyphens", start);
        return value;
    }

    /// <summary>Reads a decimal from invariant text. An empty text is 0.</summary>
    public decimal ReadDecimal()
    {
        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        var start = _position;
        var text = ReadSpan();
        if (text.IsEmpty) return 0;
        if (text.Length > 64 || !decimal.TryParse(text, Style, CultureInfo.InvariantCulture, out var value)) throw new WireFormatException("a decimal is no number, or out of range", start);
        return value;
    }

    private long ReadTimestampTicks()
    {
        var start = _position;
        ReadSecondsAndNanos(out var seconds, out var nanos);
        if (seconds is < -UnixEpochSeconds or > MaxTimestampSeconds || nanos is < 0 or >= 1_000_000_000)
            throw new WireFormatException($"a timestamp of {seconds} s and {nanos} ns is not between the years 1 and 9999", start);
        return ((seconds + UnixEpochSeconds) * TimeSpan.TicksPerSecond) + (nanos / 100);
    }

    private void ReadSecondsAndNanos(out long seconds, out int nanos)
    {
        seconds = 0;
        nanos = 0;
        var token = EnterMessage();
        while (ReadTag() is var tag and not 0)
        {
            switch (tag)
            {
                case SecondsTag:
                    seconds = ReadInt64();
                    break;
                case NanosTag:
                    nanos = ReadInt32();
                    break;
                default:
                    Skip(tag);
                    break;
            }
        }

        ExitMessage(token);
    }
}
