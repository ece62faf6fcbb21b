using Granary.Rpc.Catalog;
using Orleans;

namespace Granary.Gateway.Invocation;

/// <summary>Calls the grain. The last stage.</summary>
internal sealed class InvocationFilter(IGrainFactory grains, CallContext context, IRpcPassThrough? engine = null) : IRpcFilter
{
    public int Order => RpcStage.Invoke;

    public bool TakesUndecoded => true;

    public bool Supports(RpcMethod method) => true;

    // The ambient values set here live until the exchange stage, an async method, returns: a stream's items are fetched with them too.
    public ValueTask InvokeAsync(RpcCall call, RpcNext next)
    {
        context.Enter(call);
        return call.Request.Message is null ? call.Request.InvokeAsync(grains, call.Cancellation) : PassAsync(call);
    }

    private async ValueTask PassAsync(RpcCall call) => call.Request.Reply = await engine!.InvokeAsync(call.Request, grains, call.Cancellation);
}
