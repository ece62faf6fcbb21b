using System.Globalization;

namespace Granary.Codec;

/// <summary>Types of .NET that have a well-known protobuf form. Each is written as a length and its content, without a tag.</summary>
public ref partial struct WireWriter
{
    internal const string DateFormat = "yyyy-MM-dd";
    internal const string TimeFormat = "HH:mm:ss.FFFFFFF";

    private const int NanosecondsPerTick = 100;

    /// <summary>Writes a <c>google.protobuf.Timestamp</c>; the offset from UTC is not kept.</summary>
    public void WriteTimestamp(DateTimeOffset v) => WriteTimestampTicks(v.UtcTicks);

    /// <summary>Writes a <c>google.protobuf.Timestamp</c>. A local time is converted to UTC; one of unspecified kind is taken as UTC.</summary>
    public void WriteTimestamp(DateTime v) => WriteTimestampTicks((v.Kind == DateTimeKind.Local ? v.ToUniversalTime() : v).Ticks);

    /// <summary>Writes a <c>google.protobuf.Duration</c>.</summary>
    public void WriteDuration(TimeSpan v)
    {
        // Both parts have the sign of the whole.
        var (seconds, ticks) = Math.DivRem(v.Ticks, TimeSpan.TicksPerSecond);
        WriteSecondsAndNanos(seconds, (int)ticks * NanosecondsPerTick);
    }

    /// <summary>Writes a GUID as its 36 characters with hyphens.</summary>
    public void WriteGuid(Guid v)
    {
        Reserve(1 + 36);
        At(_position++) = 36;
        v.TryFormat(_buffer.AsSpan(_position), out var written, "D");
        _position += written;
    }

    /// <summary>Writes a decimal as invariant text that keeps its scale: <c>1.10</c>.</summary>
    public void WriteDecimal(decimal v) => WriteShortText(v, "");

    /// <summary>Writes a date as text, <c>yyyy-MM-dd</c>.</summary>
    public void WriteDateOnly(DateOnly v) => WriteShortText(v, DateFormat);

    /// <summary>Writes a time of day as text, <c>HH:mm:ss</c> and the decimals it has.</summary>
    public void WriteTimeOnly(TimeOnly v) => WriteShortText(v, TimeFormat);

    private void WriteShortText<T>(T v, string format)
        where T : struct, IUtf8SpanFormattable
    {
        Reserve(1 + 32);
        v.TryFormat(_buffer.AsSpan(_position + 1), out var written, format, CultureInfo.InvariantCulture);
        At(_position) = (byte)written;
        _position += 1 + written;
    }

    private void WriteTimestampTicks(long ticks)
    {
        // Nanoseconds count forward from the second before, also ahead of 1970; ticks since year 1 are never negative, so this rounds down.
        var (seconds, rest) = Math.DivRem(ticks, TimeSpan.TicksPerSecond);
        WriteSecondsAndNanos(seconds - WireReader.UnixEpochSeconds, (int)rest * NanosecondsPerTick);
    }

    private void WriteSecondsAndNanos(long seconds, int nanos)
    {
        var start = BeginMessage();
        if (seconds != 0)
        {
            WriteTag(WireReader.SecondsTag);
            WriteInt64(seconds);
        }

        if (nanos != 0)
        {
            WriteTag(WireReader.NanosTag);
            WriteInt32(nanos);
        }

        EndMessage(start);
    }
}
