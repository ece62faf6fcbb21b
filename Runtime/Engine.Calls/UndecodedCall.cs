using System.Buffers;
using Granary.Codec;
using Granary.Rpc;

namespace Granary.Calls;

/// <summary>
/// A call of any method that answers once, whose request and reply are messages as they are on the wire: what a gateway received goes to the grain's silo, and the reply back, without being read here.
/// Where the grain is in this process, or a filter looks at the call, the generated call is made of the message after all.
/// </summary>
/// <remarks>The message may have the key in field 1, which <see cref="Call.ReadArguments"/> passes over. It must stay as it is until the call has ended.</remarks>
internal sealed class UndecodedCall : ResultCall<ReadOnlyMemory<byte>>
{
    private CallMethod? _method;
    private byte[] _message = [];
    private Call? _decoded;
    private ValueTask _running;

    public override CallMethod Method => _method!;

    public override int ArgumentCount => Decoded.ArgumentCount;

    internal override object? FilterResult
    {
        get => Decoded.FilterResult;
        set => Decoded.FilterResult = value;
    }

    private Call Decoded => _decoded ??= Decode();

    public override object? GetArgument(int i) => Decoded.GetArgument(i);

    public override void SetArgument(int i, object? v) => Decoded.SetArgument(i, v);

    public override void WriteArguments(ref WireWriter w)
    {
        if (_decoded is null) w.WriteRaw(_message);
        else _decoded.WriteArguments(ref w);
    }

    /// <summary>They come back from a silo that did not have the grain, as they were sent.</summary>
    public override void ReadArguments(ref WireReader r)
    {
    }

    /// <summary>Sends a message to a method.</summary>
    internal static ValueTask<ReadOnlyMemory<byte>> SendAsync(GrainProxy target, CallMethod method, byte[] message, CancellationToken cancellation)
    {
        var call = CallPool<UndecodedCall>.Rent();
        call._method = method;
        call._message = message;
        if (call.Prepare(target, cancellation)) target.Router.Send(call, target);
        if (!call.IsInlineDone) return new ValueTask<ReadOnlyMemory<byte>>(call, call.Version);
        var (error, result) = (call.Error, call.Result);
        call.Recycle();
        return error is null ? new(result) : ValueTask.FromException<ReadOnlyMemory<byte>>(error);
    }

    internal override bool Start(object target)
    {
        ValueTask running;
        try
        {
            running = Decoded.InvokeForFilters(target);
            if (running.IsCompleted)
            {
                running.GetAwaiter().GetResult();
                Complete(EncodeReply());
                return true;
            }
        }
        catch (Exception error)
        {
            Fail(error);
            return true;
        }

        _running = running;
        Share();
        running.GetAwaiter().UnsafeOnCompleted(WhenInvoked);
        return false;
    }

    internal override void FinishInvoke()
    {
        var running = _running;
        _running = default;
        try
        {
            running.GetAwaiter().GetResult();
            if (!IsClaimed) Complete(EncodeReply());
        }
        catch (Exception error)
        {
            Fail(error);
        }
    }

    internal override ValueTask InvokeForFilters(object target) => Decoded.InvokeForFilters(target);

    internal override void CompleteFromFilters()
    {
        try
        {
            Complete(EncodeReply());
        }
        catch (Exception error)
        {
            Fail(error);
        }
    }

    internal override void CompleteFromReply(ref WireReader r) => Complete(r.ReadRest().ToArray());

    internal override void WriteReply(ref WireWriter w) => w.WriteRaw(Result.Span);

    protected override void ReturnToPool()
    {
        // Both sides are done with this, and nobody else has seen the other.
        _decoded?.Discard();
        _method = null;
        _message = [];
        _decoded = null;
        _running = default;
        CallPool<UndecodedCall>.Return(this);
    }

    private Call Decode()
    {
        var call = Method.CreateCall();
        try
        {
            var reader = new WireReader(_message);
            using (ReferenceCodec.Reading(Router!)) call.ReadArguments(ref reader);
        }
        catch (WireFormatException error)
        {
            throw new RpcException(StatusCode.InvalidArgument, $"The arguments of {Method.FullName} cannot be read: {error.Message}", error);
        }

        call.ArgumentsAreOurs = true;
        call.RunFor(this);
        return call;
    }

    private byte[] EncodeReply()
    {
        var writer = new WireWriter(ArrayPool<byte>.Shared.Rent(256));
        try
        {
            Decoded.WriteReply(ref writer);
            return writer.Written.ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(writer.Buffer);
        }
    }
}
