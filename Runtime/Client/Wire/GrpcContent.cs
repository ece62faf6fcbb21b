using System.Net;
using System.Net.Http.Headers;
using Granary.Rpc.Catalog;

namespace Granary.Client.Wire;

/// <summary>The body of a request: the first message, and then the caller's items as they come, as fast as the server takes them.</summary>
internal sealed class GrpcContent : HttpContent
{
    private static readonly MediaTypeHeaderValue s_type = new("application/grpc");

    private readonly byte[] _first;
    private readonly RpcOutboundItems? _items;
    private readonly int _mostBytes;
    private readonly CancellationToken _ended;

    /// <param name="first">The frame of the first message.</param>
    /// <param name="items">The caller's stream, or null.</param>
    /// <param name="mostBytes">Bytes of a message.</param>
    /// <param name="ended">The call has ended: no more items are wanted.</param>
    public GrpcContent(byte[] first, RpcOutboundItems? items, int mostBytes, CancellationToken ended)
    {
        _first = first;
        _items = items;
        _mostBytes = mostBytes;
        _ended = ended;
        Headers.ContentType = s_type;
    }

    /// <summary>Whether any of it may have left: until then nothing was executed, and no item was taken.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>What the caller's own enumeration threw; that, and not the torn stream, is why the call failed.</summary>
    public Exception? ItemsError { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        HasBegun = true;
        await stream.WriteAsync(_first, cancellationToken);
        if (_items is null) return;
        while (true)
        {
            var moving = MoveAsync();

            // What is ready goes out together; nobody waits for an item while others lie in a buffer.
            if (!moving.IsCompleted) await stream.FlushAsync(cancellationToken);
            if (await moving is not { } frame) return;
            await stream.WriteAsync(frame, cancellationToken);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _first.Length;
        return _items is null;
    }

    private async ValueTask<byte[]?> MoveAsync()
    {
        try
        {
            return await _items!.MoveNextAsync(_ended) ? GrpcFrame.OfItem(_items, _mostBytes) : null;
        }
        catch (Exception error) when (!_ended.IsCancellationRequested)
        {
            // What moves the items wraps what makes them.
            ItemsError = error is Rpc.RpcException { InnerException: { } own } ? own : error;
            throw;
        }
    }
}
