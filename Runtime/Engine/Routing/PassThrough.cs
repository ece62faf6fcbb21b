using System.Collections.Concurrent;
using Granary.Calls;
using Granary.Rpc.Catalog;
using Orleans;

namespace Granary.Engine.Routing;

/// <summary>Sends the messages of calls as they are: what a generated call would write and read is the same bytes.</summary>
internal sealed class PassThrough(ProcessCore process) : IRpcPassThrough
{
    private readonly ConcurrentDictionary<RpcMethod, CallMethod?> _methods = new();

    public bool Supports(RpcMethod method) => MethodOf(method) is not null;

    public ValueTask<ReadOnlyMemory<byte>> InvokeAsync(RpcRequest request, IGrainFactory grains, CancellationToken cancellation) =>
        UndecodedCall.SendAsync((GrainProxy)request.GetGrain(grains), MethodOf(request.Method)!, request.Message!, cancellation);

    // One of two methods with the same name cannot be told by it.
    private CallMethod? MethodOf(RpcMethod method) => _methods.GetOrAdd(
        method,
        static (method, process) => method.CreateRequest().PassThroughMethod is { } name ? process.Types.FindInterface(method.Service.InterfaceType)?.FindByName(name) : null,
        process);
}
