using System.Buffers.Binary;
using Granary.Codec;

namespace Granary.Engine.Transport;

/// <summary>What a frame is. The numbers are the wire's: never reused.</summary>
internal enum FrameKind : byte
{
    /// <summary>A call: header (<see cref="RequestHeader"/>), then the request message.</summary>
    Request = 1,

    /// <summary>The result message of a call, or the end of a stream.</summary>
    Reply = 2,

    /// <summary>The error that ended a call (<see cref="ErrorCodec"/>).</summary>
    Error = 3,

    /// <summary>The call has not run: its grain is elsewhere. Flags, owner if known, then the request message as it came.</summary>
    Moved = 4,

    /// <summary>One item of a stream.</summary>
    StreamItem = 5,

    /// <summary>The consumer has room for so many more items.</summary>
    Credit = 6,

    /// <summary>The caller gave up.</summary>
    Cancel = 7,

    /// <summary>Are you there? Answered by <see cref="Pong"/>.</summary>
    Ping = 8,

    Pong = 9,

    /// <summary>Send no new calls on this connection; those in flight end as usual. Then one byte: whether the whole process stops.</summary>
    GoAway = 10,

    /// <summary>The cluster as a silo sees it, for its clients: bytes that the engine's services read.</summary>
    View = 11,

    /// <summary>The GoAway has been seen: what comes behind this holds no new calls.</summary>
    GoAwayHeard = 12,

    /// <summary>The handshake's, see <see cref="Handshake"/>.</summary>
    Greeting = 32,
    Hello = 33,
    Welcome = 34,
    Refusal = 35,
}

/// <summary>
/// The unit of the silo protocol: <c>u32 length | u8 kind | rest</c>, little-endian, the length counting what follows it. Most kinds continue with the call's correlation as a varint.
/// </summary>
internal static class Frame
{
    /// <summary>The bytes of the length.</summary>
    internal const int LengthBytes = 4;

    /// <summary>Begins a frame.</summary>
    /// <returns>What <see cref="End"/> wants.</returns>
    internal static int Begin(ref WireWriter w, FrameKind kind)
    {
        var start = w.Position;
        w.WriteFixed32(0);
        w.WriteVarint32((uint)kind);
        return start;
    }

    /// <summary>Fills in the length of the frame begun at <paramref name="start"/>, and gives it.</summary>
    internal static int End(ref WireWriter w, int start)
    {
        var length = w.Position - start - LengthBytes;
        BinaryPrimitives.WriteInt32LittleEndian(w.Buffer.AsSpan(start), length);
        return length;
    }

    /// <summary>The length at the start of the bytes, which hold at least four.</summary>
    internal static uint Length(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);
}
