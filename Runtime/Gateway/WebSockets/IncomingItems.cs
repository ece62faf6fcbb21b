using System.Buffers;
using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.WebSockets;

/// <summary>The items of one stream of the caller, as messages bring them. One producer.</summary>
internal sealed class IncomingItems(RpcRequestItems items, GatewayOptions options)
{
    private int _number;
    private bool _ended;

    /// <summary>What was wrong with an item. The grain sees it as the end of its stream, and may have hidden it.</summary>
    public RpcException? Error { get; private set; }

    /// <summary>Adds an item, when the grain has taken enough that it fits.</summary>
    /// <param name="json">The item.</param>
    /// <param name="cancellation">Ends the wait for space, and the stream.</param>
    /// <returns>False when no item is wanted any more.</returns>
    public async ValueTask<bool> AddAsync(ReadOnlyMemory<byte> json, CancellationToken cancellation)
    {
        if (_ended) return false;
        _number++;
        try
        {
            if (!await items.WaitForSpaceAsync(cancellation)) return false;
            JsonArguments.ReadItem(new ReadOnlySequence<byte>(json), items, options.Limits.JsonDepth);
            return true;
        }
        catch (Exception exception)
        {
            End(ItemReader.Explain(exception, _number));
            return false;
        }
    }

    /// <summary>No more items.</summary>
    /// <param name="error">Why, when it is not that the caller said so.</param>
    public void End(RpcException? error = null)
    {
        if (_ended) return;
        _ended = true;
        Error = error;
        items.Complete(error);
    }
}
