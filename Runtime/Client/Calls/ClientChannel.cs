using Granary.Client.Wire;
using Granary.Rpc.Catalog;

namespace Granary.Client.Calls;

/// <summary>Sends the calls of references, with the options of the client that made those.</summary>
internal sealed class ClientChannel(ClientRuntime runtime, CallOptions options) : IRpcChannel
{
    public Task<TResult> CallAsync<TResult>(RpcOutboundCall<TResult> call, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested) return Task.FromCanceled<TResult>(cancellation);
        try
        {
            return runtime.CallAsync(call, GrpcFrame.OfRequest(call, runtime.Options.RequestBytes), options, cancellation);
        }
        catch (Exception error)
        {
            // A request that cannot be written is the call's error like any other.
            return Task.FromException<TResult>(error);
        }
    }

    public IAsyncEnumerable<TResult> StreamAsync<TResult>(RpcOutboundCall<TResult> call, CancellationToken cancellation) =>
        new ReplyStream<TResult>(runtime, call, GrpcFrame.OfRequest(call, runtime.Options.RequestBytes), options, cancellation);

    public void Post(RpcOutboundCall<RpcNone> call) => _ = PostAsync(call);

    private async Task PostAsync(RpcOutboundCall<RpcNone> call)
    {
        try
        {
            await CallAsync(call, CancellationToken.None);
        }
        catch (Exception error)
        {
            ClientLog.PostFailed(runtime.Log, call.Method.ToString(), error);
        }
    }
}
