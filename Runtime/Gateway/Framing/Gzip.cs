using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using Granary.Rpc;

namespace Granary.Gateway.Framing;

/// <summary>Compression of single messages with gzip (RFC 1952), the only one besides identity that is spoken.</summary>
internal static class Gzip
{
    public const string Name = "gzip";

    // Ten bytes of head, two of an empty block, eight of checksum and length.
    private const int LeastLength = 20;

    /// <summary>Unpacks a message.</summary>
    /// <exception cref="RpcException">It is no gzip (the code given), or unpacks to more than the limit, which is where unpacking ends.</exception>
    public static FramePayload Decompress(ReadOnlySequence<byte> packed, int limit, StatusCode malformed)
    {
        var length = (int)packed.Length;
        var input = ArrayPool<byte>.Shared.Rent(length);
        var output = ArrayPool<byte>.Shared.Rent((int)Math.Min(limit + 1L, Math.Max(1024, length * 4L)));
        try
        {
            packed.CopyTo(input);
            var unpacked = Unpack(input, length, ref output, limit);
            return new FramePayload(output.AsSpan(0, unpacked), output);
        }
        catch (Exception exception)
        {
            ArrayPool<byte>.Shared.Return(output);

            // The caller's mistake and none of ours: no inner exception that would be logged.
            if (exception is InvalidDataException) throw new RpcException(malformed, "a message is marked as compressed with gzip, and is not");
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(input);
        }
    }

    /// <summary>Packs a message.</summary>
    public static FramePayload Compress(ReadOnlySpan<byte> message)
    {
        var packed = new PooledStream(message.Length / 2);
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(message);
        return packed.Take();
    }

    private static int Unpack(byte[] packed, int size, ref byte[] output, int limit)
    {
        using var gzip = new GZipStream(new MemoryStream(packed, 0, size), CompressionMode.Decompress);
        var length = 0;
        while (true)
        {
            // One byte more than the limit is room to notice that it is passed.
            if (length == output.Length) Grow(ref output, length);
            var read = gzip.Read(output, length, (int)Math.Min(output.Length, limit + 1L) - length);
            if (read == 0) break;
            length += read;
            if (length > limit) throw FrameRules.TooLarge(limit);
        }

        // That the data breaks off is no error of the stream's; but the last 4 bytes are the length it must have had.
        return size >= LeastLength && BinaryPrimitives.ReadUInt32LittleEndian(packed.AsSpan(size - 4)) == (uint)length ? length : throw new InvalidDataException();
    }

    private static void Grow(ref byte[] buffer, int length)
    {
        var bigger = ArrayPool<byte>.Shared.Rent(checked(buffer.Length * 2));
        buffer.AsSpan(0, length).CopyTo(bigger);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = bigger;
    }

    private sealed class PooledStream(int capacity) : Stream
    {
        private byte[] _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(256, capacity));
        private int _length;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => _length;

        public override long Position
        {
            get => _length;
            set => throw new NotSupportedException();
        }

        public FramePayload Take() => new(_buffer.AsSpan(0, _length), _buffer);

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            while (_buffer.Length - _length < buffer.Length) Grow(ref _buffer, _length);
            buffer.CopyTo(_buffer.AsSpan(_length));
            _length += buffer.Length;
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
