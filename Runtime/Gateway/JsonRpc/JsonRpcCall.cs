using System.Net;
using System.Security.Cryptography.X509Certificates;
using Granary.Codec;
using Granary.Gateway.Idempotency;
using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.JsonRpc;

/// <summary>One request of a JSON-RPC message whose method answers once.</summary>
internal sealed class JsonRpcCall(JsonRpcCaller caller, RpcMethod method, JsonRpcEntry entry, bool isAlone, GatewayOptions options, TimeProvider time, CancellationToken stopping)
    : RpcCall(method.CreateRequest(), time)
{
    /// <summary>The response object; null for a notification, and before there is one.</summary>
    public byte[]? Response { get; private set; }

    public override string Protocol => "jsonrpc";

    public override IPAddress? RemoteAddress => caller.Context.Connection.RemoteIpAddress;

    public override X509Certificate2? ClientCertificate => caller.Context.Connection.ClientCertificate;

    protected override CancellationToken Disconnected => caller.Gone;

    protected override CancellationToken Stopping => stopping;

    // One header for many calls: their ids tell them apart.
    public override string? GetHeader(string name) =>
        caller.GetHeader(name) is { } value && name == IdempotencyKey.Header && !(isAlone && !caller.IsSocket) ? $"{IdempotencyKey.Parse(value)}/{Convert.ToBase64String(entry.Id.Span)}" : caller.GetHeader(name);

    // The headers of a batch's response cannot speak of one of its calls, and a WebSocket has none.
    public override void SetHeader(string name, string value)
    {
        if (isAlone && !caller.IsSocket) caller.Context.Response.Headers[name] = value;
    }

    public override TimeSpan? ReadRequestedTimeout() => HttpHead.ReadTimeout(caller.Context);

    public override ValueTask ReadRequestAsync()
    {
        if (Method.Kind != RpcMethodKind.Unary)
        {
            Error = new RpcException(StatusCode.Unimplemented, caller.IsSocket
                ? $"'{entry.Method}' is a stream, which has no place in a batch; call it alone"
                : $"'{entry.Method}' is a stream, which one answer cannot hold; call it on a WebSocket, or by HTTP with {MediaTypes.EventStream} or {MediaTypes.Ndjson}");
            return default;
        }

        JsonRpcParams.Read(entry.Params.Span, Request, options.Limits);
        return default;
    }

    public override ValueTask RespondAsync()
    {
        if (entry.IsNotification) return default;
        Response = JsonRpcMessage.Response(entry.Id.Span, json =>
        {
            if (Request.HasResult && !Method.IsOneWay) Request.WriteResultJson(json, JsonFormat.Web);
            else json.WriteNullValue();
        });
        return default;
    }

    /// <summary>After the call has ended: a failure becomes the response, unless it was a notification.</summary>
    public void Finish()
    {
        if (Error is not { } error) return;
        Response = entry.IsNotification ? null : JsonRpcError.Response(entry.Id.Span, error, TraceId);
    }
}
