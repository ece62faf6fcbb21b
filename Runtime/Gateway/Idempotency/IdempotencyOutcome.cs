using System.Buffers;
using Granary.Codec;
using Granary.Rpc;

namespace Granary.Gateway.Idempotency;

/// <summary>How a call ended, as it is kept: a byte that tells a reply (0) from an error (1), and then the reply message or a <c>google.rpc.Status</c>.</summary>
internal static class IdempotencyOutcome
{
    private const byte Reply = 0;
    private const byte Error = 1;

    /// <summary>The outcome of a call that has ended for good; null when it is not known whether it ran, or the reply is too large to be kept.</summary>
    public static byte[]? Encode(RpcCall call, int replyBytes)
    {
        if (call.Error is { } error) return IsUnknown(error.Code) ? null : [Error, .. RpcErrorCodec.Encode(error)];
        var request = call.Request;
        if (request.Message is not null) return request.Reply.Length > replyBytes ? null : [Reply, .. request.Reply.Span];
        var writer = new WireWriter(ArrayPool<byte>.Shared.Rent(1024));
        try
        {
            if (request.HasResult) request.WriteResult(ref writer);
            return writer.Position > replyBytes ? null : [Reply, .. writer.Written];
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(writer.Buffer);
        }
    }

    /// <summary>Answers a call by the outcome of an earlier one.</summary>
    /// <exception cref="WireFormatException">The bytes are no outcome.</exception>
    public static void Replay(RpcCall call, ReadOnlyMemory<byte> outcome)
    {
        if (outcome.IsEmpty) throw new WireFormatException("an outcome without a byte", 0);
        var rest = outcome[1..];
        if (outcome.Span[0] == Error)
        {
            call.Error = RpcErrorCodec.Decode(rest.Span);
            return;
        }

        if (call.Request.Message is not null)
        {
            call.Request.Reply = rest;
            return;
        }

        var reader = new WireReader(rest.Span);
        call.Request.ReadResult(ref reader);
    }

    /// <summary>Whether a call that ended so surely did nothing, by what the code promises: one may call again.</summary>
    public static bool DidNothing(RpcCall call) => !call.WasInvoked || call.Error?.Code is StatusCode.ResourceExhausted or StatusCode.Aborted;

    // Nobody knows whether, or how far, it ran.
    private static bool IsUnknown(StatusCode code) => code is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled;
}
