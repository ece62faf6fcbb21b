using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using Granary.Rpc;

namespace Granary.Gateway.Grpc;

/// <summary>
/// Decodes a body of base64 as gRPC-Web's text form has it: pieces, each perhaps padded, one after another. Reads no more of the body than is asked for.
/// </summary>
/// <param name="body">The encoded body.</param>
internal sealed class Base64Stream(PipeReader body) : Stream
{
    private const int Quantum = 4;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="RpcException">The body is no base64.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.Length < 3) throw new ArgumentException("Less than 3 bytes, of which base64 may make one unit.", nameof(buffer));
        while (true)
        {
            var read = await body.ReadAsync(cancellationToken);
            var there = read.Buffer;
            if (there.Length < Quantum && !read.IsCompleted)
            {
                body.AdvanceTo(there.Start, there.End);
                continue;
            }

            var consumed = there.End;
            try
            {
                if (there.Length < Quantum) return there.IsEmpty ? 0 : throw Broken();
                var (length, written) = Decode(there, buffer.Span);
                consumed = there.GetPosition(length);
                return written;
            }
            finally
            {
                body.AdvanceTo(consumed);
            }
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private static (int Consumed, int Written) Decode(in ReadOnlySequence<byte> text, Span<byte> output)
    {
        // Whole units only, and no more than fit; a padded unit ends a piece, and the next piece is another call's.
        var length = (int)Math.Min(text.Length, output.Length / 3 * Quantum) / Quantum * Quantum;
        var units = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            text.Slice(0, length).CopyTo(units);
            var piece = units.AsSpan(0, length);
            var padding = piece.IndexOf((byte)'=');
            if (padding >= 0) piece = piece[..((padding / Quantum * Quantum) + Quantum)];
            if (Base64.DecodeFromUtf8(piece, output, out var consumed, out var written) != OperationStatus.Done || consumed != piece.Length) throw Broken();
            return (consumed, written);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(units);
        }
    }

    private static RpcException Broken() => new(StatusCode.Internal, "the body is no base64");
}
