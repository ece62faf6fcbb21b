using System.Buffers;
using System.Buffers.Binary;
using Granary.Rpc;

namespace Granary.Gateway.Framing;

/// <summary>One length-prefixed message as it came: a byte of flags, four of length (big-endian), the payload. Its bytes are the connection's until that is told to go on.</summary>
internal readonly record struct Frame(byte Flags, ReadOnlySequence<byte> Payload)
{
    public const int HeaderLength = 5;
    public const byte Compressed = 1;
}

/// <summary>
/// How a call's incoming messages are framed and compressed: the length-prefixed messages of gRPC and the enveloped messages of Connect. No length is trusted: a message over the limit is refused by its head,
/// and a compressed one is unpacked no further than the limit.
/// </summary>
/// <param name="limit">Bytes of a message, unpacked.</param>
/// <param name="encoding">What flagged messages are compressed with; null when the call named nothing, or identity.</param>
/// <param name="malformed">The code of frames that are none.</param>
internal sealed class FrameRules(int limit, string? encoding, StatusCode malformed)
{
    /// <summary>Takes the next whole message.</summary>
    /// <param name="rest">What was read and not taken; shortened by the message.</param>
    /// <param name="isLast">Whether nothing follows <paramref name="rest"/>.</param>
    /// <param name="frame">The message.</param>
    /// <returns>False when more must be read, or nothing is left.</returns>
    /// <exception cref="RpcException">It is too large, has unknown flags, or ends early.</exception>
    public bool TryTake(ref ReadOnlySequence<byte> rest, bool isLast, out Frame frame)
    {
        frame = default;
        var there = rest.Length;
        if (there < Frame.HeaderLength) return isLast && there > 0 ? throw Broken($"the body ends after {there} of the 5 bytes before a message") : false;
        Span<byte> header = stackalloc byte[Frame.HeaderLength];
        rest.Slice(0, Frame.HeaderLength).CopyTo(header);
        var flags = header[0];
        if ((flags & ~Frame.Compressed) != 0) throw Broken($"a message has the flags 0x{flags:x2}; 0 and 1 are accepted");
        if (flags != 0 && encoding is null) throw Broken("a message is marked as compressed, and the call names no compression");
        var length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        if (length > (uint)limit) throw TooLarge(limit);
        if (there - Frame.HeaderLength < length) return isLast ? throw Broken($"the body ends after {there - Frame.HeaderLength} of the {length} bytes of a message") : false;
        frame = new Frame(flags, rest.Slice(Frame.HeaderLength, length));
        rest = rest.Slice(Frame.HeaderLength + length);
        return true;
    }

    /// <summary>The message as one stretch of memory, unpacked where it is compressed.</summary>
    /// <exception cref="RpcException">It cannot be unpacked, or is too large then.</exception>
    public FramePayload Open(in Frame frame) => frame.Flags == 0 ? FramePayload.Of(frame.Payload) : Gzip.Decompress(frame.Payload, limit, malformed);

    internal static RpcException TooLarge(int limit) => new(StatusCode.ResourceExhausted, $"a message is larger than {limit} bytes");

    private RpcException Broken(string problem) => new(malformed, problem);
}

/// <summary>A payload in one stretch: the connection's own memory where it is one already. Dispose it when it has been read.</summary>
internal readonly ref struct FramePayload
{
    private readonly byte[]? _pooled;

    /// <param name="bytes">The payload.</param>
    /// <param name="pooled">The array behind it, to be given back.</param>
    public FramePayload(ReadOnlySpan<byte> bytes, byte[]? pooled)
    {
        Bytes = bytes;
        _pooled = pooled;
    }

    public ReadOnlySpan<byte> Bytes { get; }

    public static FramePayload Of(ReadOnlySequence<byte> payload)
    {
        if (payload.IsSingleSegment) return new FramePayload(payload.FirstSpan, null);
        var length = (int)payload.Length;
        var pooled = ArrayPool<byte>.Shared.Rent(length);
        payload.CopyTo(pooled);
        return new FramePayload(pooled.AsSpan(0, length), pooled);
    }

    public void Dispose()
    {
        if (_pooled is not null) ArrayPool<byte>.Shared.Return(_pooled);
    }
}
