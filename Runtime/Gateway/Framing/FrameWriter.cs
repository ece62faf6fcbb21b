using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.IO.Pipelines;

namespace Granary.Gateway.Framing;

/// <summary>Writes length-prefixed messages into a response. Not thread-safe.</summary>
/// <param name="body">The response's body.</param>
/// <param name="isText">Whether the body is base64 (gRPC-Web's text form), each frame by itself.</param>
/// <param name="compressFrom">Messages of so many bytes and more are compressed with gzip; null for none.</param>
internal sealed class FrameWriter(PipeWriter body, bool isText, int? compressFrom)
{
    /// <summary>The bytes written since this was last set to 0.</summary>
    public int Unflushed { get; set; }

    /// <summary>Whether a message was written.</summary>
    public bool HasWritten { get; private set; }

    /// <summary>Writes a message.</summary>
    public void Write(ReadOnlySpan<byte> message)
    {
        HasWritten = true;
        if (compressFrom is not { } least || message.Length < least)
        {
            Write(0, message);
            return;
        }

        using var packed = Gzip.Compress(message);
        if (packed.Bytes.Length < message.Length) Write(Frame.Compressed, packed.Bytes);
        else Write(0, message);
    }

    /// <summary>Writes a frame as it is.</summary>
    public void Write(byte flags, ReadOnlySpan<byte> payload)
    {
        if (isText)
        {
            WriteText(flags, payload);
            return;
        }

        var length = Frame.HeaderLength + payload.Length;
        Fill(body.GetSpan(length), flags, payload);
        body.Advance(length);
        Unflushed += length;
    }

    private void WriteText(byte flags, ReadOnlySpan<byte> payload)
    {
        var length = Frame.HeaderLength + payload.Length;
        var frame = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            Fill(frame, flags, payload);
            Base64.EncodeToUtf8(frame.AsSpan(0, length), body.GetSpan(Base64.GetMaxEncodedToUtf8Length(length)), out _, out var written);
            body.Advance(written);
            Unflushed += written;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(frame);
        }
    }

    private static void Fill(Span<byte> frame, byte flags, ReadOnlySpan<byte> payload)
    {
        frame[0] = flags;
        BinaryPrimitives.WriteUInt32BigEndian(frame[1..], (uint)payload.Length);
        payload.CopyTo(frame[Frame.HeaderLength..]);
    }
}
