using System.Buffers;
using System.Buffers.Binary;
using Granary.Codec;
using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Client.Wire;

/// <summary>Length-prefixed messages of gRPC (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md): a byte of flags, four of length, the message.</summary>
internal static class GrpcFrame
{
    public const int HeadBytes = 5;

    private delegate void Write<in T>(T state, ref WireWriter writer);

    /// <summary>The frame of a call's first message.</summary>
    /// <exception cref="RpcException">The message is larger than allowed.</exception>
    public static byte[] OfRequest(RpcOutboundCall call, int most) => Make(call, static (RpcOutboundCall c, ref WireWriter w) => c.WriteRequest(ref w), most);

    /// <summary>The frame of the message that carries the current item.</summary>
    /// <exception cref="RpcException">The message is larger than allowed.</exception>
    public static byte[] OfItem(RpcOutboundItems items, int most) => Make(items, static (RpcOutboundItems i, ref WireWriter w) => i.Write(ref w), most);

    private static byte[] Make<T>(T state, Write<T> write, int most)
    {
        var writer = new WireWriter(ArrayPool<byte>.Shared.Rent(256), HeadBytes);
        try
        {
            write(state, ref writer);
            var length = writer.Position - HeadBytes;
            if (length > most) throw new RpcException(StatusCode.ResourceExhausted, $"the request has {length} bytes, and {most} are allowed; the client's option RequestBytes sets that");
            var frame = writer.Written.ToArray();
            frame[0] = 0;
            BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), length);
            return frame;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(writer.Buffer);
        }
    }
}
