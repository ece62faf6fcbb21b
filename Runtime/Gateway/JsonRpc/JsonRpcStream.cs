using System.Net;
using System.Security.Cryptography.X509Certificates;
using Granary.Codec;
using Granary.Gateway.WebSockets;
using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.JsonRpc;

/// <summary>
/// A call with a stream on a WebSocket. States: requested -> subscribed, when the arguments are right and the request was answered with the subscription -> ended, told by <c>rpc.end</c>.
/// What goes wrong before the second is the response to the request.
/// </summary>
internal sealed class JsonRpcStream(JsonRpcCaller caller, WebSocketConnection connection, RpcMethod method, JsonRpcEntry entry, long subscription, GatewayOptions options, GatewayInstruments instruments, TimeProvider time, CancellationToken stopping)
    : RpcCall(method.CreateRequest(), time)
{
    private readonly CancellationTokenSource _over = CancellationTokenSource.CreateLinkedTokenSource(caller.Gone);
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _subscribed;
    private RpcException? _ended;

    /// <summary>Where the caller's items go; null when the method takes none.</summary>
    public IncomingItems? Items { get; private set; }

    /// <summary>Completes when all is said.</summary>
    public Task Finished => _finished.Task;

    /// <summary>Fires when no items are wanted any more.</summary>
    public CancellationToken Over => _over.Token;

    public override string Protocol => "jsonrpc";

    public override IPAddress? RemoteAddress => caller.Context.Connection.RemoteIpAddress;

    public override X509Certificate2? ClientCertificate => caller.Context.Connection.ClientCertificate;

    protected override CancellationToken Disconnected => _over.Token;

    protected override CancellationToken Stopping => stopping;

    private RpcException? Wrong => _ended ?? (Items?.Error is { Code: StatusCode.InvalidArgument or StatusCode.ResourceExhausted } item ? item : null);

    public override string? GetHeader(string name) => caller.GetHeader(name);

    // There is no head left to put it into.
    public override void SetHeader(string name, string value)
    {
    }

    public override TimeSpan? ReadRequestedTimeout() => HttpHead.ReadTimeout(caller.Context);

    public override async ValueTask ReadRequestAsync()
    {
        JsonRpcParams.Read(entry.Params.Span, Request, options.Limits);
        if (Request.Items is { } items)
        {
            JsonRpcParams.ReadItem(entry.Params.Span, items, options.Limits.JsonDepth);
            Items = new IncomingItems(items, options);
        }

        // Before the grain is called, since the caller needs the number to send items.
        _subscribed = true;
        await connection.SendAsync(JsonRpcMessage.Response(entry.Id.Span, json => json.WriteNumberValue(subscription)));
    }

    public override async ValueTask RespondAsync()
    {
        Watch();
        if (Method.Kind is not RpcMethodKind.ClientStream)
            await new ItemSender(connection, JsonRpcMessage.BeforeItem(subscription), JsonRpcMessage.AfterItem.ToArray(), instruments).SendAllAsync(this);
        if (Wrong is { } wrong)
        {
            // What the grain made of half a stream, or although it was cancelled.
            Fail(wrong);
            return;
        }

        await connection.SendAsync(JsonRpcMessage.End(subscription, Method.Kind is not RpcMethodKind.ClientStream ? null : json =>
        {
            json.WritePropertyName("result"u8);
            if (Request.HasResult) Request.WriteResultJson(json, JsonFormat.Web);
            else json.WriteNullValue();
        }));
    }

    /// <summary>Ends the call, as its caller wishes.</summary>
    public void Cancel() => End(new RpcException(StatusCode.Cancelled, "the caller cancelled the call"));

    /// <summary>Ends the call, since its grain takes no items and others wait.</summary>
    public void Stall() => End(new RpcException(StatusCode.ResourceExhausted, $"the grain took no item for {options.Streams.StallLimit}, and the connection's other calls wait"));

    /// <summary>After the call has ended: a failure is told.</summary>
    public async ValueTask FinishAsync()
    {
        Items?.End();
        if (Error is { } error)
        {
            error = Wrong ?? error;
            await connection.SendAsync(_subscribed
                ? JsonRpcMessage.End(subscription, json =>
                {
                    json.WritePropertyName("error"u8);
                    JsonRpcError.Write(json, error, TraceId);
                })
                : JsonRpcError.Response(entry.Id.Span, error, TraceId));
        }

        await _over.CancelAsync();
        _finished.TrySetResult();
    }

    private void End(RpcException error)
    {
        _ended ??= error;
        _ = _over.CancelAsync();
    }
}
