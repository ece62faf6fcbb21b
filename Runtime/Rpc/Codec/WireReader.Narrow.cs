using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Granary.Codec;

/// <summary>
/// Types of .NET that protobuf has no own type for: narrow integers travel as <c>int32</c> or <c>uint32</c> and must fit, dates and times of day as ISO 8601 text.
/// </summary>
public ref partial struct WireReader
{
    private const int LongestDateOrTime = 16;

    /// <summary>Reads an <c>int32</c> that fits <see cref="sbyte"/>.</summary>
    public sbyte ReadSByte() => Narrow<sbyte>(ReadInt32());

    /// <summary>Reads a <c>uint32</c> that fits <see cref="byte"/>.</summary>
    public byte ReadByte() => Narrow<byte>(ReadUInt32());

    /// <summary>Reads an <c>int32</c> that fits <see cref="short"/>.</summary>
    public short ReadInt16() => Narrow<short>(ReadInt32());

    /// <summary>Reads a <c>uint32</c> that fits <see cref="ushort"/>.</summary>
    public ushort ReadUInt16() => Narrow<ushort>(ReadUInt32());

    /// <summary>Reads a <c>uint32</c> that is a UTF-16 code unit.</summary>
    public char ReadChar() => (char)Narrow<ushort>(ReadUInt32());

    /// <summary>Reads a date, <c>yyyy-MM-dd</c>. An empty text is the default.</summary>
    public DateOnly ReadDateOnly()
    {
        Span<char> text = stackalloc char[LongestDateOrTime];
        text = text[..ReadAscii(text, out var start)];
        if (text.IsEmpty) return default;
        return DateOnly.TryParseExact(text, WireWriter.DateFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var value)
            ? value
            : throw new WireFormatException("a date is not of the form yyyy-MM-dd", start);
    }

    /// <summary>Reads a time of day, <c>HH:mm:ss</c> and up to seven decimals. An empty text is the default.</summary>
    public TimeOnly ReadTimeOnly()
    {
        Span<char> text = stackalloc char[LongestDateOrTime];
        text = text[..ReadAscii(text, out var start)];
        if (text.IsEmpty) return default;
        return TimeOnly.TryParseExact(text, text.Length == 8 ? "HH:mm:ss" : WireWriter.TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var value)
            ? value
            : throw new WireFormatException("a time of day is not of the form HH:mm:ss", start);
    }

    private int ReadAscii(scoped Span<char> to, out int start)
    {
        start = _position;
        return Ascii.ToUtf16(ReadSpan(), to, out var written) == OperationStatus.Done ? written : throw new WireFormatException("a date or time is too long, or not ASCII", start);
    }

    private readonly T Narrow<T>(long value)
        where T : struct, INumberBase<T>, IMinMaxValue<T>
    {
        var narrow = T.CreateTruncating(value);
        return long.CreateTruncating(narrow) == value ? narrow : throw Bad($"{value} is not between {T.MinValue} and {T.MaxValue}");
    }
}
