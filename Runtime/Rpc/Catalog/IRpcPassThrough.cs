using Orleans;

namespace Granary.Rpc.Catalog;

/// <summary>Calls grains with messages as they are on the wire. An engine that can registers it; without it, messages are read where they arrive. Thread-safe.</summary>
public interface IRpcPassThrough
{
    /// <summary>Whether the method can be called so. Asked once for each method.</summary>
    bool Supports(RpcMethod method);

    /// <summary>Calls the grain of the request with its <see cref="RpcRequest.Message"/>. The ambient <see cref="Orleans.Runtime.RequestContext"/> and <see cref="RpcDeadline"/> go along.</summary>
    /// <returns>The reply message.</returns>
    /// <exception cref="RpcException">What the method threw; <see cref="StatusCode.InvalidArgument"/> when the message is no such request.</exception>
    ValueTask<ReadOnlyMemory<byte>> InvokeAsync(RpcRequest request, IGrainFactory grains, CancellationToken cancellation);
}
