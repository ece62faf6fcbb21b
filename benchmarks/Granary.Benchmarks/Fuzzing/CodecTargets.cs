using Granary.Calls;
using Granary.Codec;
using Granary.Engine.Membership;
using Granary.Engine.Transport;

namespace Granary.Fuzzing;

/// <summary>A decoder, in memory and on one thread. Its only way to refuse is its own exception.</summary>
internal abstract class CodecTarget : FuzzTarget
{
    internal override (long Once, long EachByte) Memory => (32 * 1024, 256);

    internal sealed override ValueTask FeedAsync(byte[] input)
    {
        try
        {
            Read(input);
        }
        catch (Exception error) when (error is WireFormatException or FrameException)
        {
            // Refused, as it should be.
        }

        return default;
    }

    protected abstract void Read(byte[] input);
}

/// <summary>Frames of a connection: headers, targets, contexts and the arguments of calls.</summary>
internal sealed class FramesTarget(Recording recording, FuzzProcess process) : CodecTarget
{
    private readonly byte[][] _frames = recording.Frames(null);

    internal override string Name => "frames";

    internal override int Share => 300;

    internal override byte[] Make(Random random) => new Mutator(random, _frames).Stream(_frames);

    protected override void Read(byte[] input)
    {
        var interning = new IncomingInterning(process.Core.Types.FindInterface);
        var bytes = input.AsSpan();
        while (bytes.Length >= Frame.LengthBytes)
        {
            var length = Frame.Length(bytes);
            if (length == 0 || length > bytes.Length - Frame.LengthBytes) return;
            ReadFrame(bytes.Slice(Frame.LengthBytes, (int)length), interning);
            bytes = bytes[(Frame.LengthBytes + (int)length)..];
        }
    }

    private void ReadFrame(ReadOnlySpan<byte> frame, IncomingInterning interning)
    {
        var r = new WireReader(frame);
        if ((FrameKind)r.ReadVarint32() != FrameKind.Request) return;
        var header = RequestHeader.Read(ref r, interning);
        if (header.Target.Interface?.FindMethod(header.MethodId) is not { } method) return;
        var call = method.CreateCall();
        var arguments = new WireReader(frame[header.Body..]);
        try
        {
            using (ReferenceCodec.Reading(process.Core.Router)) call.ReadArguments(ref arguments);
        }
        catch (WireFormatException)
        {
            // That call is refused; the connection goes on.
        }

        call.Discard();
    }
}

/// <summary>Errors of other processes.</summary>
internal sealed class ErrorsTarget(Recording recording) : CodecTarget
{
    private readonly byte[][] _errors = [.. recording.Frames(null, FrameKind.Error).Select(AfterCorrelation)];

    internal override string Name => "errors";

    internal override int Share => 110;

    /// <summary>An exception keeps its text and a trace; a type that is looked up leaves a little in the runtime.</summary>
    internal override (long Once, long EachByte) Memory => (256 * 1024, 256);

    internal override byte[] Make(Random random) => new Mutator(random, _errors).Damage(_errors[random.Next(_errors.Length)]);

    protected override void Read(byte[] input)
    {
        var r = new WireReader(input);
        _ = ErrorCodec.Read(ref r);
    }

    private static byte[] AfterCorrelation(byte[] frame)
    {
        var r = new WireReader(frame);
        r.ReadVarint32();
        r.ReadVarint();
        return frame[r.Position..];
    }
}

/// <summary>Request contexts.</summary>
internal sealed class ContextsTarget : CodecTarget
{
    private readonly byte[][] _contexts;

    internal ContextsTarget(Recording recording)
    {
        var contexts = new List<byte[]>();
        foreach (var frame in recording.Frames(null, FrameKind.Request))
        {
            var r = new WireReader(frame);
            r.ReadVarint32();
            var context = RequestHeader.Read(ref r, null).Context;
            if (context is null) continue;
            var w = new WireWriter(new byte[64]);
            RequestContextCodec.Write(ref w, context);
            contexts.Add(w.Written.ToArray());
        }

        _contexts = [.. contexts];
    }

    internal override string Name => "contexts";

    internal override int Share => 80;

    internal override byte[] Make(Random random) => new Mutator(random, _contexts).Damage(_contexts[random.Next(_contexts.Length)]);

    protected override void Read(byte[] input)
    {
        var r = new WireReader(input);
        _ = RequestContextCodec.Read(ref r);
    }
}

/// <summary>Views of the cluster.</summary>
internal sealed class ViewsTarget(Recording recording) : CodecTarget
{
    private readonly byte[][] _views = [.. recording.Frames(null, FrameKind.View).Select(static f => f[1..])];

    internal override string Name => "views";

    internal override int Share => 80;

    internal override byte[] Make(Random random) => new Mutator(random, _views).Damage(_views[random.Next(_views.Length)]);

    protected override void Read(byte[] input) => _ = MembershipViewCodec.Decode(input);
}
