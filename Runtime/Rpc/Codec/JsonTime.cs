using System.Globalization;

namespace Granary.Codec;

/// <summary>RFC 3339 times and proto3 JSON durations, as ASCII bytes.</summary>
internal static class JsonTime
{
    private const int TickDigits = 7;

    /// <summary>The ticks in UTC of <c>yyyy-MM-ddTHH:mm:ss[.fraction](Z|+HH:mm|-HH:mm)</c>. The offset is required, as RFC 3339 says; a leap second is refused.</summary>
    public static bool TryParseTimestamp(ReadOnlySpan<byte> text, out long ticks)
    {
        ticks = 0;
        if (text.Length < 20 || text[4] != '-' || text[7] != '-' || (text[10] | 0x20) != 't' || text[13] != ':' || text[16] != ':') return false;
        if (!Digits(text[..4], out var year) || !Digits(text.Slice(5, 2), out var month) || !Digits(text.Slice(8, 2), out var day)) return false;
        if (!Digits(text.Slice(11, 2), out var hour) || !Digits(text.Slice(14, 2), out var minute) || !Digits(text.Slice(17, 2), out var second)) return false;
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59) return false;

        var rest = text[19..];
        if (!Fraction(ref rest, out var fraction) || !Offset(rest, out var offsetMinutes)) return false;
        ticks = new DateTime(year, month, day, hour, minute, second).Ticks + fraction - (offsetMinutes * TimeSpan.TicksPerMinute);
        return ticks >= 0 && ticks <= DateTime.MaxValue.Ticks;
    }

    /// <summary>The duration of <c>[-]seconds[.fraction]s</c>.</summary>
    public static bool TryParseDuration(ReadOnlySpan<byte> text, out TimeSpan value)
    {
        value = default;
        if (text is not [.., (byte)'s']) return false;
        var rest = text[..^1];
        var negative = rest is [(byte)'-', ..];
        if (negative) rest = rest[1..];
        var digits = rest.IndexOfAnyExceptInRange((byte)'0', (byte)'9') is var end and >= 0 ? end : rest.Length;
        if (digits is 0 or > 15 || !long.TryParse(rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) return false;
        rest = rest[digits..];
        if (!Fraction(ref rest, out var fraction) || !rest.IsEmpty) return false;

        var ticks = ((Int128)seconds * TimeSpan.TicksPerSecond) + fraction;
        if (negative) ticks = -ticks;
        if (ticks < long.MinValue || ticks > long.MaxValue) return false;
        value = new TimeSpan((long)ticks);
        return true;
    }

    public static bool TryParseTimeOfDay(string? text, out TimeOnly value) => TimeOnly.TryParseExact(
        text, ["HH:mm:ss", WireWriter.TimeFormat], CultureInfo.InvariantCulture, DateTimeStyles.None, out value);

    /// <summary>Writes at most 30 bytes.</summary>
    public static int FormatTimestamp(long utcTicks, Span<byte> to)
    {
        var time = new DateTime(utcTicks, DateTimeKind.Utc);
        time.TryFormat(to, out var written, "yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
        written += FormatFraction((int)(utcTicks % TimeSpan.TicksPerSecond), to[written..]);
        to[written] = (byte)'Z';
        return written + 1;
    }

    /// <summary>Writes at most 24 bytes.</summary>
    public static int FormatDuration(TimeSpan value, Span<byte> to)
    {
        // The sign by itself, since the whole seconds of -0.5 s have none.
        var (seconds, ticks) = Math.DivRem(value.Ticks, TimeSpan.TicksPerSecond);
        var at = 0;
        if (value.Ticks < 0) to[at++] = (byte)'-';
        Math.Abs(seconds).TryFormat(to[at..], out var written, provider: CultureInfo.InvariantCulture);
        at += written;
        at += FormatFraction((int)Math.Abs(ticks), to[at..]);
        to[at] = (byte)'s';
        return at + 1;
    }

    /// <summary>Nothing, or a point and 3, 6 or 9 digits, as few as tell it all.</summary>
    private static int FormatFraction(int ticks, Span<byte> to)
    {
        if (ticks == 0) return 0;
        var (digits, number) = ticks % 10_000 == 0 ? (3, ticks / 10_000) : ticks % 10 == 0 ? (6, ticks / 10) : (9, ticks * 100);
        to[0] = (byte)'.';
        for (var i = digits; i > 0; i--)
        {
            to[i] = (byte)('0' + (number % 10));
            number /= 10;
        }

        return digits + 1;
    }

    /// <summary>Takes a point and one or more digits off the text, if it begins with a point; digits beyond ticks are dropped.</summary>
    private static bool Fraction(ref ReadOnlySpan<byte> text, out int ticks)
    {
        ticks = 0;
        if (text is not [(byte)'.', ..]) return true;
        var i = 1;
        for (; i < text.Length && char.IsAsciiDigit((char)text[i]); i++)
        {
            if (i <= TickDigits) ticks = (ticks * 10) + text[i] - '0';
        }

        if (i == 1) return false;
        for (var missing = TickDigits - (i - 1); missing > 0; missing--) ticks *= 10;
        text = text[i..];
        return true;
    }

    private static bool Offset(ReadOnlySpan<byte> text, out int minutes)
    {
        minutes = 0;
        if (text is [(byte)'Z' or (byte)'z']) return true;
        if (text.Length != 6 || text[0] is not ((byte)'+' or (byte)'-') || text[3] != ':') return false;
        if (!Digits(text.Slice(1, 2), out var h) || !Digits(text.Slice(4, 2), out var m) || h > 23 || m > 59) return false;
        minutes = text[0] == '-' ? -((h * 60) + m) : (h * 60) + m;
        return true;
    }

    private static bool Digits(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        foreach (var b in text)
        {
            if (!char.IsAsciiDigit((char)b)) return false;
            value = (value * 10) + b - '0';
        }

        return true;
    }
}
