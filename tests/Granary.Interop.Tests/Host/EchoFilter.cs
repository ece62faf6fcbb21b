using Granary.Gateway;
using Granary.Rpc.Catalog;

namespace Granary.Interop.Tests.Host;

/// <summary>Sends the metadata of the case custom_metadata back, as the interop tests describe.</summary>
internal sealed class EchoFilter : IRpcFilter
{
    public const string Initial = "x-grpc-test-echo-initial";
    public const string Trailing = "x-grpc-test-echo-trailing-bin";

    public int Order => RpcStage.Telemetry + 1;

    public bool Supports(RpcMethod method) => true;

    public ValueTask InvokeAsync(RpcCall call, RpcNext next)
    {
        if (call.GetHeader(Initial) is { } initial) call.SetHeader(Initial, initial);
        if (call.GetHeader(Trailing) is { } trailing) call.SetTrailer(Trailing, trailing);
        return next(call);
    }
}
