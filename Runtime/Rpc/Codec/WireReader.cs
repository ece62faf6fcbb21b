using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;

namespace Granary.Codec;

/// <summary>
/// Reads the protobuf wire format (https://protobuf.dev/programming-guides/encoding/) from one contiguous span. No length in the data is trusted:
/// nothing is read beyond the current message, nothing is allocated that the data does not back byte for byte, and nesting is bounded.
/// </summary>
/// <remarks>
/// Every method throws <see cref="WireFormatException"/> when the data is not what it should be, and nothing else. After an exception the reader is not usable.
/// Budget: allocates results only.
/// </remarks>
public ref partial struct WireReader
{
    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _data;
    private int _position;
    private int _limit;
    private int _depthLeft;

    /// <param name="data">One message.</param>
    /// <param name="maxDepth">How many messages may be inside one another.</param>
    public WireReader(ReadOnlySpan<byte> data, int maxDepth = 64)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxDepth);
        _data = data;
        _limit = data.Length;
        _depthLeft = maxDepth;
    }

    /// <summary>Whether the current message (or packed list, or the data) has been read to its end.</summary>
    public readonly bool AtEnd => _position >= _limit;

    /// <summary>Whether there is more in the current packed list, message or data.</summary>
    public readonly bool HasMore => _position < _limit;

    /// <summary>How many bytes have been read.</summary>
    public readonly int Position => _position;

    /// <summary>
    /// The most elements that what is left of the current message can hold, one byte each. A collection must not be made larger than this in advance.
    /// </summary>
    public readonly int MaxItems => _limit - _position;

    /// <summary>Reads a field's tag; 0 when the current message (or the data) ends here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint ReadTag()
    {
        if (_position >= _limit) return 0;
        var first = At(_position);

        // Fields 1 to 15, wire types 0, 1, 2 and 5, which are all but groups: bits of 0b0010_0111.
        if (first is >= 8 and < 0x80 && (0x27 >> (first & 7) & 1) != 0)
        {
            _position++;
            return first;
        }

        return ReadLongTag();
    }

    /// <summary>Takes what is left of the current message (or the data) as it is.</summary>
    public ReadOnlySpan<byte> ReadRest()
    {
        var rest = _data[_position.._limit];
        _position = _limit;
        return rest;
    }

    /// <summary>Passes over the value of a field that is not known, whose tag was just read. Groups too, whose nesting counts as that of messages.</summary>
    public void Skip(uint tag)
    {
        switch (tag & 7)
        {
            case 0:
                ReadVarint();
                break;
            case 1:
                Advance(8);
                break;
            case 2:
                Advance(ReadLength());
                break;
            case 3:
                SkipGroup(tag);
                break;
            case 5:
                Advance(4);
                break;
            default:
                throw Bad($"tag {tag} has wire type {tag & 7}, which begins no value");
        }
    }

    /// <summary>Reads an unsigned varint of up to 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadVarint()
    {
        var position = _position;
        if (position < _limit)
        {
            var first = At(position);
            if (first < 0x80)
            {
                _position = position + 1;
                return first;
            }
        }

        return ReadLongVarint();
    }

    /// <summary>Reads a varint and keeps its low 32 bits, as protobuf asks of a narrower field.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint ReadVarint32() => (uint)ReadVarint();

    /// <summary>Reads an <c>int32</c> or an enum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ReadInt32() => (int)ReadVarint();

    /// <summary>Reads an <c>int64</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long ReadInt64() => (long)ReadVarint();

    /// <summary>Reads a <c>uint32</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint ReadUInt32() => (uint)ReadVarint();

    /// <summary>Reads a <c>uint64</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadUInt64() => ReadVarint();

    /// <summary>Reads a <c>bool</c>; any varint but 0 is true.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool ReadBool() => ReadVarint() != 0;

    /// <summary>Reads a <c>float</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float ReadFloat() => BitConverter.UInt32BitsToSingle(ReadFixed32());

    /// <summary>Reads a <c>double</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double ReadDouble() => BitConverter.UInt64BitsToDouble(ReadFixed64());

    /// <summary>Reads four bytes, little-endian.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint ReadFixed32()
    {
        var position = _position;
        if (_limit - position < 4) ThrowTruncated("4 bytes");
        _position = position + 4;
        var value = Unsafe.ReadUnaligned<uint>(in At(position));
        return BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value);
    }

    /// <summary>Reads eight bytes, little-endian.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadFixed64()
    {
        var position = _position;
        if (_limit - position < 8) ThrowTruncated("8 bytes");
        _position = position + 8;
        var value = Unsafe.ReadUnaligned<ulong>(in At(position));
        return BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value);
    }

    /// <summary>Reads a text; its bytes must be valid UTF-8.</summary>
    [SkipLocalsInit]
    public string ReadString()
    {
        var start = _position;
        var bytes = ReadSpan();
        if (bytes.IsEmpty) return "";
        if (bytes.Length > 256) return ReadLongString(bytes, start);

        // A byte is at most one char. Decoding here and copying beats counting the chars first.
        Span<char> chars = stackalloc char[256];
        if (Utf8.ToUtf16(bytes, chars, out _, out var written, replaceInvalidSequences: false) != OperationStatus.Done) ThrowNotUtf8(start);
        return new string(chars[..written]);
    }

    /// <summary>Reads a length and as many bytes, without copying them.</summary>
    public ReadOnlySpan<byte> ReadSpan()
    {
        var length = ReadLength();
        var position = _position;
        _position = position + length;
        return _data.Slice(position, length);
    }

    /// <summary>Reads a length and as many bytes, into a new array.</summary>
    public byte[] ReadBytes() => ReadSpan().ToArray();

    /// <summary>Reads a message's length and makes it the current message.</summary>
    /// <returns>What <see cref="ExitMessage"/> wants.</returns>
    public int EnterMessage()
    {
        if (--_depthLeft < 0) ThrowTooDeep();
        return EnterPacked();
    }

    /// <summary>Goes back to the message around the current one, which must have been read to its end.</summary>
    /// <param name="token">What <see cref="EnterMessage"/> returned.</param>
    public void ExitMessage(int token)
    {
        ExitPacked(token);
        _depthLeft++;
    }

    /// <summary>Reads a packed list's length; its elements are there while <see cref="HasMore"/>.</summary>
    /// <returns>What <see cref="ExitPacked"/> wants.</returns>
    public int EnterPacked()
    {
        var length = ReadLength();
        var outer = _limit;
        _limit = _position + length;
        return outer;
    }

    /// <summary>Goes back to the message around the packed list, which must have been read to its end.</summary>
    /// <param name="token">What <see cref="EnterPacked"/> returned.</param>
    public void ExitPacked(int token)
    {
        if (_position != _limit) throw Bad($"{_limit - _position} bytes of the inner message were not read");
        _limit = token;
    }

    private int ReadLength()
    {
        var start = _position;
        var length = ReadVarint();
        if (length > (ulong)(_limit - _position)) ThrowLength(length, start);
        return (int)length;
    }

    private void Advance(int bytes)
    {
        if (_limit - _position < bytes) ThrowTruncated($"{bytes} bytes");
        _position += bytes;
    }

    private uint ReadLongTag()
    {
        var start = _position;
        var tag = ReadVarint();
        if (tag > uint.MaxValue) throw new WireFormatException("a tag is longer than 32 bits", start);
        if (tag < 8) throw new WireFormatException("a tag has field number 0", start);
        if ((tag & 7) is 4 or 6 or 7) throw new WireFormatException($"tag {tag} has wire type {tag & 7}, which begins no value", start);
        return (uint)tag;
    }

    private void SkipGroup(uint tag)
    {
        if (--_depthLeft < 0) ThrowTooDeep();
        var end = (tag & ~7u) | 4;
        while (true)
        {
            if (AtEnd) ThrowTruncated("the end of a group");
            var start = _position;
            var inner = ReadVarint();
            if (inner == end) break;
            if (inner is > uint.MaxValue or < 8) throw new WireFormatException("a tag in a group is malformed", start);
            Skip((uint)inner);
        }

        _depthLeft++;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ulong ReadLongVarint()
    {
        var start = _position;
        ref readonly var from = ref At(start);
        var length = Math.Min(10, _limit - start);
        ulong value = 0;
        for (var i = 0; i < length; i++)
        {
            ulong b = Unsafe.Add(ref Unsafe.AsRef(in from), i);
            value |= (b & 0x7F) << (7 * i);
            if (b >= 0x80) continue;
            if (i == 9 && b > 1) break;
            _position = start + i + 1;
            return value;
        }

        throw new WireFormatException(length == 10 ? "a varint is longer than 64 bits" : "the data ends inside a varint", start);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string ReadLongString(ReadOnlySpan<byte> bytes, int start)
    {
        try
        {
            return s_strictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            ThrowNotUtf8(start);
            return "";
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly ref readonly byte At(int position) => ref Unsafe.Add(ref MemoryMarshal.GetReference(_data), position);

    private readonly WireFormatException Bad(string problem) => new(problem, _position);

    [DoesNotReturn]
    private readonly void ThrowTruncated(string wanted) => throw Bad($"{wanted} expected, {_limit - _position} left in this message");

    [DoesNotReturn]
    private static void ThrowNotUtf8(int start) => throw new WireFormatException("a string is not valid UTF-8", start);

    [DoesNotReturn]
    private readonly void ThrowTooDeep() => throw Bad("messages are nested too deep");

    [DoesNotReturn]
    private readonly void ThrowLength(ulong length, int start) =>
        throw new WireFormatException($"a length of {length} bytes, {_limit - _position} left in this message", start);
}
