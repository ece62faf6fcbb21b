using System.Buffers;
using System.Text.Json;
using Granary.Codec;
using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.Framing;

/// <summary>How the messages of a call are encoded.</summary>
internal abstract class MessageFormat
{
    /// <summary>Protobuf.</summary>
    public static MessageFormat Proto { get; } = new ProtoFormat();

    /// <summary>The JSON mapping of proto3.</summary>
    public static MessageFormat Json { get; } = new JsonForm();

    /// <summary>Reads the request message.</summary>
    /// <exception cref="WireFormatException">It is no such message.</exception>
    /// <exception cref="JsonFieldException">It is no such message.</exception>
    /// <exception cref="RpcException">It is no JSON.</exception>
    public abstract void ReadRequest(ReadOnlySpan<byte> message, RpcRequest request, LimitOptions limits);

    /// <summary>Adds the item of a message of the caller's stream; false when it has none. Throws what <see cref="ReadRequest"/> does.</summary>
    public abstract bool TryAddItem(ReadOnlySpan<byte> message, RpcRequestItems items, LimitOptions limits);

    /// <summary>Writes the reply message as a frame.</summary>
    public abstract void WriteReply(RpcRequest request, FrameWriter frames);

    /// <summary>Writes the reply message by itself.</summary>
    public abstract void WriteReply(RpcRequest request, IBufferWriter<byte> output);

    private sealed class ProtoFormat : MessageFormat
    {
        public override void ReadRequest(ReadOnlySpan<byte> message, RpcRequest request, LimitOptions limits)
        {
            var reader = new WireReader(message);
            request.Read(ref reader);
        }

        public override bool TryAddItem(ReadOnlySpan<byte> message, RpcRequestItems items, LimitOptions limits)
        {
            var reader = new WireReader(message);
            return items.TryAdd(ref reader);
        }

        public override void WriteReply(RpcRequest request, FrameWriter frames)
        {
            if (request.Message is not null)
            {
                frames.Write(request.Reply.Span);
                return;
            }

            var writer = new WireWriter(ArrayPool<byte>.Shared.Rent(512));
            try
            {
                if (request.HasResult) request.WriteResult(ref writer);
                frames.Write(writer.Written);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(writer.Buffer);
            }
        }

        public override void WriteReply(RpcRequest request, IBufferWriter<byte> output)
        {
            if (request.Message is not null)
            {
                output.Write(request.Reply.Span);
                return;
            }

            var writer = new WireWriter(ArrayPool<byte>.Shared.Rent(512));
            try
            {
                if (request.HasResult) request.WriteResult(ref writer);
                output.Write(writer.Written);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(writer.Buffer);
            }
        }
    }

    private sealed class JsonForm : MessageFormat
    {
        public override void ReadRequest(ReadOnlySpan<byte> message, RpcRequest request, LimitOptions limits) => JsonArguments.ReadMessage(message, request, limits.JsonDepth);

        public override bool TryAddItem(ReadOnlySpan<byte> message, RpcRequestItems items, LimitOptions limits) => JsonArguments.TryReadMessageItem(message, items, limits.JsonDepth);

        public override void WriteReply(RpcRequest request, FrameWriter frames)
        {
            var output = JsonOutput.Rent();
            try
            {
                request.WriteReplyJson(output.Json, JsonFormat.LongsAsStrings);
                output.Json.Flush();
                frames.Write(output.Written);
            }
            finally
            {
                output.Return();
            }
        }

        public override void WriteReply(RpcRequest request, IBufferWriter<byte> output)
        {
            using var json = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true });
            request.WriteReplyJson(json, JsonFormat.LongsAsStrings);
        }
    }
}
