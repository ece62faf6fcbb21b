using System.Text.Json;
using Granary.Codec;
using Granary.Rpc.Catalog;
using Orleans;

namespace Granary.Gateway.Grpc;

/// <summary>A call of a service that is the gateway's own and no grain's. It has no key and no arguments beside its message.</summary>
internal abstract class SystemRequest(RpcMethod method) : RpcRequest
{
    public sealed override RpcMethod Method => method;

    public sealed override string? KeyText => null;

    public sealed override bool HasResult => true;

    public sealed override bool TrySetKey(string text) => false;

    public sealed override void SetArgument(string name, string text) => throw new JsonFieldException(name, "unknown parameter; the message is not given in an address");

    public sealed override void CheckArguments()
    {
    }

    public override void ReadJson(ref Utf8JsonReader reader, bool keyInBody, JsonFormat format = JsonFormat.Web) => throw NoJson();

    public override void WriteResultJson(Utf8JsonWriter writer, JsonFormat format) => throw NoJson();

    public override ValueTask InvokeAsync(IGrainFactory grains, CancellationToken cancellation) => default;

    private Rpc.RpcException NoJson() => new(Rpc.StatusCode.Unimplemented, $"{Method} is served in protobuf only");
}
