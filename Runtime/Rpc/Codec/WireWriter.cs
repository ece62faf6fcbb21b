using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;

namespace Granary.Codec;

/// <summary>
/// Writes the protobuf wire format (https://protobuf.dev/programming-guides/encoding/) into one contiguous array, which it replaces by a bigger one
/// from the shared pool when it is full. The array given is the writer's until whoever made it takes <see cref="Buffer"/> back when done, which may be another one.
/// </summary>
/// <remarks>Budget: no allocation; growth rents. Values are not checked against a schema: the generated code is the schema.</remarks>
public ref partial struct WireWriter
{
    // One more than readers allow, since the lists inside the innermost message count here too.
    private const int MaxDepth = 65;

    private byte[] _buffer;
    private int _position;
    private int _depth;

    /// <param name="buffer">Normally from <see cref="ArrayPool{T}.Shared"/>, to which it goes back if it proves too small: keep no other use of it.</param>
    /// <param name="position">Where to begin; what is before stays.</param>
    public WireWriter(byte[] buffer, int position = 0)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)position, (uint)buffer.Length, nameof(position));
        _buffer = buffer;
        _position = position;
    }

    /// <summary>The array written to; not always the one the writer was made with.</summary>
    public readonly byte[] Buffer => _buffer;

    /// <summary>Where the next byte goes.</summary>
    public readonly int Position => _position;

    /// <summary>Everything from the array's start to <see cref="Position"/>.</summary>
    public readonly ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _position);

    /// <summary>Writes a field's tag: <c>(number &lt;&lt; 3) | wire type</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteTag(uint tag) => WriteVarint32(tag);

    /// <summary>Writes an unsigned varint, 1 to 5 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteVarint32(uint v)
    {
        Reserve(5);
        if (v < 0x80)
        {
            At(_position++) = (byte)v;
        }
        else if (v < 0x4000)
        {
            Unsafe.WriteUnaligned(ref At(_position), TwoBytes(v));
            _position += 2;
        }
        else
        {
            WriteLong(v);
        }
    }

    /// <summary>Writes an unsigned varint, 1 to 10 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteVarint(ulong v)
    {
        Reserve(10);
        if (v < 0x80)
        {
            At(_position++) = (byte)v;
        }
        else
        {
            WriteLong(v);
        }
    }

    /// <summary>Writes an <c>int32</c> or an enum: a varint of the sign-extended value, 10 bytes when negative.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteInt32(int v) => WriteVarint((ulong)(long)v);

    /// <summary>Writes an <c>int64</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteInt64(long v) => WriteVarint((ulong)v);

    /// <summary>Writes a <c>bool</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteBool(bool v)
    {
        Reserve(1);
        At(_position++) = v ? (byte)1 : (byte)0;
    }

    /// <summary>Writes a <c>float</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteFloat(float v) => WriteFixed32(BitConverter.SingleToUInt32Bits(v));

    /// <summary>Writes a <c>double</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteDouble(double v) => WriteFixed64(BitConverter.DoubleToUInt64Bits(v));

    /// <summary>Writes four bytes, little-endian.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteFixed32(uint v)
    {
        Reserve(4);
        Unsafe.WriteUnaligned(ref At(_position), BitConverter.IsLittleEndian ? v : BinaryPrimitives.ReverseEndianness(v));
        _position += 4;
    }

    /// <summary>Writes eight bytes, little-endian.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteFixed64(ulong v)
    {
        Reserve(8);
        Unsafe.WriteUnaligned(ref At(_position), BitConverter.IsLittleEndian ? v : BinaryPrimitives.ReverseEndianness(v));
        _position += 8;
    }

    /// <summary>Writes a length and the UTF-8 of a text. A surrogate without its partner becomes U+FFFD.</summary>
    public void WriteString(string v)
    {
        // One char is at most three bytes, so up to 42 chars the length is one byte: encode behind it, then fill it in.
        if (v.Length <= 42)
        {
            Reserve(1 + (v.Length * 3));
            var written = Encode(v, _buffer.AsSpan(_position + 1));
            At(_position) = (byte)written;
            _position += 1 + written;
        }
        else
        {
            WriteLongString(v);
        }
    }

    /// <summary>Writes a length and the bytes.</summary>
    public void WriteBytes(ReadOnlySpan<byte> v)
    {
        WriteVarint32((uint)v.Length);
        WriteRaw(v);
    }

    /// <summary>Writes bytes as they are.</summary>
    public void WriteRaw(ReadOnlySpan<byte> v)
    {
        Reserve(v.Length);
        v.CopyTo(_buffer.AsSpan(_position));
        _position += v.Length;
    }

    /// <summary>Writes a tag and room for a length; what follows, up to <see cref="EndMessage"/>, is the message (or packed list) inside.</summary>
    /// <returns>What <see cref="EndMessage"/> wants.</returns>
    /// <exception cref="InvalidOperationException">It would be inside of more than 64 others, which no reader accepts: most likely an object contains itself.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int BeginMessage(uint tag)
    {
        WriteTag(tag);
        return BeginMessage();
    }

    /// <summary>Writes a byte of room for a length where no tag is wanted, as in a stream of length-delimited messages.</summary>
    /// <returns>What <see cref="EndMessage"/> wants.</returns>
    /// <exception cref="InvalidOperationException">It would be inside of more than 64 others, which no reader accepts: most likely an object contains itself.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int BeginMessage()
    {
        if (++_depth > MaxDepth) ThrowTooDeep();
        Reserve(1);
        return ++_position;
    }

    /// <summary>Fills in the length of the message begun at <paramref name="start"/>. One longer than 127 bytes is moved to make room.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void EndMessage(int start)
    {
        _depth--;
        var length = _position - start;
        if ((uint)length < 0x80)
        {
            _buffer[start - 1] = (byte)length;
        }
        else
        {
            EndLongMessage(start, length);
        }
    }

    /// <summary>The bytes a varint takes.</summary>
    internal static int VarintSize(uint v) => (BitOperations.Log2(v | 1) / 7) + 1;

    private static uint ToVarint(uint v) => (v & 0x7F) | 0x80;

    private static ushort TwoBytes(uint v)
    {
        var two = (ushort)(ToVarint(v) | (v >> 7 << 8));
        return BitConverter.IsLittleEndian ? two : BinaryPrimitives.ReverseEndianness(two);
    }

    private static int Encode(ReadOnlySpan<char> text, Span<byte> into)
    {
        // Cannot run out of room: the callers reserve three bytes for each char, or as many as were counted.
        Utf8.FromUtf16(text, into, out _, out var written, replaceInvalidSequences: true, isFinalBlock: true);
        return written;
    }

    [DoesNotReturn]
    private static void ThrowTooDeep() =>
        throw new InvalidOperationException("Messages are nested more than 64 deep, which no reader accepts. Either an object contains itself, or a chain of objects should be a list.");

    private void WriteLong(ulong v)
    {
        ref var to = ref At(_position);
        var i = 0;
        while (v >= 0x80)
        {
            Unsafe.Add(ref to, i++) = (byte)(v | 0x80);
            v >>= 7;
        }

        Unsafe.Add(ref to, i++) = (byte)v;
        _position += i;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WriteLongString(string v)
    {
        // Up to here it is cheaper to reserve the worst case and, when the text is not ASCII, to move it; beyond, to count first.
        if (v.Length > 8192)
        {
            var bytes = Encoding.UTF8.GetByteCount(v);
            WriteVarint32((uint)bytes);
            Reserve(bytes);
            _position += Encode(v, _buffer.AsSpan(_position));
            return;
        }

        Reserve(5 + (v.Length * 3));
        var guess = VarintSize((uint)v.Length);
        var written = Encode(v, _buffer.AsSpan(_position + guess));
        var size = VarintSize((uint)written);
        if (size != guess) _buffer.AsSpan(_position + guess, written).CopyTo(_buffer.AsSpan(_position + size));
        WriteVarint32((uint)written);
        _position += written;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EndLongMessage(int start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length, nameof(start));
        var more = VarintSize((uint)length) - 1;
        Reserve(more);
        _buffer.AsSpan(start, length).CopyTo(_buffer.AsSpan(start + more));
        _position = start - 1;
        WriteVarint32((uint)length);
        _position += length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly ref byte At(int position) => ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_buffer), position);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Reserve(int bytes)
    {
        if (_buffer.Length - _position < bytes) Grow(bytes);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow(int bytes)
    {
        var wanted = (long)_position + bytes;
        if (wanted > Array.MaxLength) throw new InvalidOperationException($"A message may not be larger than {Array.MaxLength} bytes. Send it in parts, as a stream.");

        var bigger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, Math.Max(wanted, 2L * _buffer.Length)));
        _buffer.AsSpan(0, _position).CopyTo(bigger);
        var full = _buffer;
        _buffer = bigger;

        // The pool throws at sizes that it never rents, such as the empty array a caller may begin with.
        if (full.Length >= 16 && BitOperations.IsPow2(full.Length)) ArrayPool<byte>.Shared.Return(full);
    }
}
