using System.Net;
using Granary.Codec;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.AspNetCore.Http;

namespace Granary.Gateway.JsonRpc;

/// <summary>One request of a JSON-RPC message that came by POST.</summary>
internal sealed class JsonRpcCall(HttpContext context, RpcMethod method, JsonRpcEntry entry, bool isAlone, GatewayOptions options, TimeProvider time, CancellationToken stopping)
    : RpcCall(method.CreateRequest(), time)
{
    /// <summary>The response object; null for a notification, and before there is one.</summary>
    public byte[]? Response { get; private set; }

    public override string Protocol => "jsonrpc";

    public override IPAddress? RemoteAddress => context.Connection.RemoteIpAddress;

    protected override CancellationToken Disconnected => context.RequestAborted;

    protected override CancellationToken Stopping => stopping;

    public override string? GetHeader(string name)
    {
        var value = context.Request.Headers[name];
        return value.Count == 0 ? null : value.ToString();
    }

    // The headers of a batch's response cannot speak of one of its calls.
    public override void SetHeader(string name, string value)
    {
        if (isAlone) context.Response.Headers[name] = value;
    }

    public override TimeSpan? ReadRequestedTimeout()
    {
        if (GetHeader("request-timeout") is not { } text) return null;
        return TimeoutText.TryParse(text, out var wait) ? wait : throw RpcException.Invalid("Request-Timeout", $"'{text}' is no time; write {TimeoutText.Accepted}");
    }

    public override ValueTask ReadRequestAsync()
    {
        if (Method.Kind != RpcMethodKind.Unary) Error = new RpcException(StatusCode.Unimplemented, $"'{entry.Method}' is a stream, which one answer cannot hold; call it by HTTP, with {MediaTypes.EventStream} or {MediaTypes.Ndjson}");
        else JsonRpcParams.Read(entry.Params.Span, Request, options.Limits.JsonDepth);
        if (Error is null && Request.KeyText is { } key && key.Length > options.Limits.KeyLength) Error = RpcException.Invalid("key", $"longer than {options.Limits.KeyLength} characters");
        return default;
    }

    public override ValueTask RespondAsync()
    {
        if (entry.IsNotification) return default;
        var output = JsonOutput.Rent();
        try
        {
            var json = output.Json;
            json.WriteStartObject();
            json.WriteString("jsonrpc"u8, "2.0"u8);
            json.WritePropertyName("result"u8);
            if (Request.HasResult && !Method.IsOneWay) Request.WriteResultJson(json, JsonFormat.Web);
            else json.WriteNullValue();
            json.WritePropertyName("id"u8);
            json.WriteRawValue(entry.Id.Span, skipInputValidation: true);
            json.WriteEndObject();
            json.Flush();
            Response = output.Written.ToArray();
        }
        finally
        {
            output.Return();
        }

        return default;
    }

    /// <summary>After the call has ended: a failure becomes the response, unless it was a notification.</summary>
    public void Finish()
    {
        if (Error is not { } error) return;
        Response = entry.IsNotification ? null : JsonRpcError.Response(entry.Id.Span, error, TraceId);
    }
}
