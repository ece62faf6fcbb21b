using System.Buffers.Binary;
using System.Diagnostics;
using Granary.Calls;
using Granary.Codec;
using Orleans.Runtime;

namespace Granary.Engine.Transport;

/// <summary>
/// What a request frame says besides the arguments:
/// <code>
/// varint correlation (0: one-way) | target type and interface (<see cref="Interning"/>) | key | varint method | varint flags | [varint remaining ms] | [u8 hops] | [source] | [trace 25 B] | [context] | arguments
/// </code>
/// The time left travels, not the deadline: clocks differ. The source is the process's own id unless a grain calls.
/// </summary>
internal ref struct RequestHeader
{
    /// <summary>The longest key of a grain that is called over a connection, bytes of UTF-8.</summary>
    internal const int MaxKey = 8 * 1024;

    private const int TraceBytes = 16 + 8 + 1;

    [Flags]
    private enum Has : uint
    {
        Deadline = 1,
        ExplicitDeadline = 2,
        PlaceHere = 4,
        Source = 8,
        Trace = 16,
        Context = 32,
        Hops = 64,
    }

    internal ulong Correlation;
    internal InternedTarget Target;
    internal ReadOnlySpan<byte> Key;
    internal uint MethodId;
    internal long Deadline;
    internal bool DeadlineIsExplicit;
    internal bool PlaceHere;
    internal byte Hops;
    internal bool HasSource;
    internal ReadOnlySpan<byte> SourceType;
    internal ReadOnlySpan<byte> SourceKey;
    internal ActivityContext Trace;
    internal RequestContextData? Context;

    /// <summary>Where the arguments begin.</summary>
    internal int Body;

    /// <summary>Writes the header of a call.</summary>
    /// <param name="w">After the frame's kind.</param>
    /// <param name="call">The call; its correlation is set.</param>
    /// <param name="interning">The connection's.</param>
    /// <param name="self">The id that the peer takes for the source when none is written.</param>
    /// <exception cref="ArgumentException">The request context holds a value that cannot leave the process, or the key is too long.</exception>
    internal static void Write(ref WireWriter w, Call call, OutgoingInterning interning, GrainId self)
    {
        if (call.TargetId.Key.AsSpan().Length > MaxKey)
            throw new ArgumentException($"The key of a grain of the type '{call.TargetId.Type}' has {call.TargetId.Key.AsSpan().Length} bytes and the limit is {MaxKey}. Use a shorter key, and send the rest as an argument.");
        w.WriteVarint(call.Correlation);
        interning.Write(ref w, call.TargetId.Type, call.Method.Interface);
        w.WriteBytes(call.TargetId.Key.AsSpan());
        w.WriteVarint32(call.Method.Id);

        Has flags = 0;
        if (call.Deadline != Call.NoDeadline) flags |= Has.Deadline;
        if (call.DeadlineIsExplicit) flags |= Has.ExplicitDeadline;
        if (call.PlaceHere) flags |= Has.PlaceHere;
        if (call.Hops != 0 && call.Correlation == 0) flags |= Has.Hops;
        if (!call.SourceId.IsDefault && !call.SourceId.Equals(self)) flags |= Has.Source;
        if (call.TraceParent.TraceId != default) flags |= Has.Trace;
        if (call.Context is not null) flags |= Has.Context;
        w.WriteVarint32((uint)flags);

        if ((flags & Has.Deadline) != 0) w.WriteVarint((ulong)Math.Max(0, call.Deadline - Environment.TickCount64));
        if ((flags & Has.Hops) != 0) w.WriteVarint32(call.Hops);
        if ((flags & Has.Source) != 0)
        {
            w.WriteBytes(call.SourceId.Type.AsSpan());
            w.WriteBytes(call.SourceId.Key.AsSpan());
        }

        if ((flags & Has.Trace) != 0) WriteTrace(ref w, call.TraceParent);
        if ((flags & Has.Context) != 0) RequestContextCodec.Write(ref w, call.Context!);
    }

    /// <summary>Reads a header.</summary>
    /// <param name="r">After the frame's kind; then at the arguments.</param>
    /// <param name="interning">The connection's; null when the target does not matter.</param>
    internal static RequestHeader Read(ref WireReader r, IncomingInterning? interning)
    {
        var header = new RequestHeader
        {
            Correlation = r.ReadVarint(),
            Target = interning?.Read(ref r) ?? IncomingInterning.Skip(ref r),
            Key = r.ReadSpan(),
            MethodId = r.ReadVarint32(),
            Deadline = Call.NoDeadline,
        };

        var flags = (Has)r.ReadVarint32();
        if ((flags & Has.Deadline) != 0)
        {
            // A time beyond what the clock can hold is none.
            var remaining = r.ReadVarint();
            if (remaining < int.MaxValue) header.Deadline = Environment.TickCount64 + (long)remaining;
        }

        header.DeadlineIsExplicit = (flags & Has.ExplicitDeadline) != 0;
        header.PlaceHere = (flags & Has.PlaceHere) != 0;
        if ((flags & Has.Hops) != 0) header.Hops = (byte)Math.Min(r.ReadVarint32(), Routing.GrainRouter.MaxHops);
        if ((flags & Has.Source) != 0)
        {
            header.HasSource = true;
            header.SourceType = r.ReadSpan();
            header.SourceKey = r.ReadSpan();
        }

        if ((flags & Has.Trace) != 0) header.Trace = ReadTrace(ref r);
        if ((flags & Has.Context) != 0) header.Context = RequestContextCodec.Read(ref r);
        header.Body = r.Position;
        return header;
    }

    private static void WriteTrace(ref WireWriter w, ActivityContext trace)
    {
        Span<byte> bytes = stackalloc byte[TraceBytes];
        trace.TraceId.CopyTo(bytes[..16]);
        trace.SpanId.CopyTo(bytes[16..24]);
        bytes[24] = (byte)(trace.TraceFlags & ActivityTraceFlags.Recorded);
        for (var i = 0; i < 24; i += 8) w.WriteFixed64(BinaryPrimitives.ReadUInt64LittleEndian(bytes[i..]));
        w.WriteVarint32(bytes[24]);
    }

    private static ActivityContext ReadTrace(ref WireReader r)
    {
        Span<byte> bytes = stackalloc byte[TraceBytes];
        for (var i = 0; i < 24; i += 8) BinaryPrimitives.WriteUInt64LittleEndian(bytes[i..], r.ReadFixed64());
        bytes[24] = (byte)r.ReadVarint32();
        return new ActivityContext(
            ActivityTraceId.CreateFromBytes(bytes[..16]),
            ActivitySpanId.CreateFromBytes(bytes[16..24]),
            (ActivityTraceFlags)bytes[24] & ActivityTraceFlags.Recorded,
            isRemote: true);
    }
}
