using System.Net;
using System.Security.Cryptography.X509Certificates;
using Granary.Codec;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.AspNetCore.Http;

namespace Granary.Gateway.WebSockets;

/// <summary>
/// The call of a connection on <c>/ws/...</c>. Two run side by side: the pipeline, which answers, and the reading of what the caller sends meanwhile.
/// </summary>
internal sealed class WebSocketCall : RpcCall
{
    private static readonly byte[] s_beforeItem = "{\"item\":"u8.ToArray();
    private static readonly byte[] s_after = "}"u8.ToArray();
    private static readonly byte[] s_end = "{\"end\":true}"u8.ToArray();

    private readonly HttpContext _context;
    private readonly WebSocketSession _session;
    private readonly RouteMatch _match;
    private readonly GatewayOptions _options;
    private readonly GatewayInstruments _instruments;
    private readonly CancellationToken _stopping;
    private readonly CancellationTokenSource _over;
    private IncomingItems? _items;
    private CallMessage? _first;
    private RpcException? _wrong;

    public WebSocketCall(HttpContext context, WebSocketSession session, in RouteMatch match, GatewayOptions options, GatewayInstruments instruments, TimeProvider time, CancellationToken stopping)
        : base(match.Route!.Method.CreateRequest(), time)
    {
        _context = context;
        _session = session;
        _match = match;
        _options = options;
        _instruments = instruments;
        _stopping = stopping;
        _over = CancellationTokenSource.CreateLinkedTokenSource(session.Connection.Ended);
    }

    public override string Protocol => "websocket";

    public override IPAddress? RemoteAddress => _context.Connection.RemoteIpAddress;

    public override X509Certificate2? ClientCertificate => _context.Connection.ClientCertificate;

    protected override CancellationToken Disconnected => _over.Token;

    protected override CancellationToken Stopping => _stopping;

    private WebSocketConnection Connection => _session.Connection;

    private RpcException? Wrong => _wrong ?? (_items?.Error is { Code: StatusCode.InvalidArgument or StatusCode.ResourceExhausted } item ? item : null);

    private bool HasItems => Method.Kind is RpcMethodKind.ClientStream or RpcMethodKind.Bidirectional;

    public override string? GetHeader(string name)
    {
        if (name == "authorization") return _session.Credential;
        var value = _context.Request.Headers[name];
        return value.Count == 0 ? null : value.ToString();
    }

    // There is no head left to put it into.
    public override void SetHeader(string name, string value)
    {
    }

    public override TimeSpan? ReadRequestedTimeout() => _first?.Timeout ?? HttpHead.ReadTimeout(_context);

    /// <summary>Serves the connection, from the first message to the close.</summary>
    public async ValueTask ServeAsync(RpcPipeline pipeline)
    {
        if (await OpenAsync())
        {
            var running = pipeline.RunAsync(this).AsTask();
            var reading = ReadAsync();
            await running;
            _items?.End();

            // What was wrong with the caller's messages is why the call failed, whatever the grain made of it.
            if (Error is not null) Error = Wrong ?? Error;
            await EndAsync();
            await _over.CancelAsync();
            await reading;
            return;
        }

        Error = _wrong;
        await EndAsync();
        await _session.CloseAsync(CloseCode.Normal, "");
    }

    public override ValueTask ReadRequestAsync()
    {
        var query = _context.Request.QueryString.Value;
        if (_first is { Kind: CallMessageKind.Open } open)
        {
            if (!string.IsNullOrEmpty(query)) throw new RpcException(StatusCode.InvalidArgument, "the arguments are in the query or in 'open', not in both");
            JsonArguments.Read(new(open.Value), Request, keyInBody: false, _options.Limits.JsonDepth);
        }
        else
        {
            QueryArguments.Read(query, Request);
            Request.CheckArguments();
        }

        Error = GrainKey.Set(Request, _match.Key!, _options.Limits.KeyLength);
        return default;
    }

    public override async ValueTask RespondAsync()
    {
        if (Method.Kind is RpcMethodKind.ServerStream or RpcMethodKind.Bidirectional)
        {
            Watch();
            await new ItemSender(Connection, s_beforeItem, s_after, _instruments).SendAllAsync(this);
            if (Wrong is { } error) Fail(error);
            else await Connection.SendAsync(s_end);
            return;
        }

        if (Wrong is { } wrong)
        {
            // A result that the grain made of half a stream, or although it was cancelled.
            Fail(wrong);
            return;
        }

        await SendAsync("{\"result\":"u8.ToArray(), output =>
        {
            if (Request.HasResult && !Method.IsOneWay) Request.WriteResultJson(output.Json, JsonFormat.Web);
            else output.Json.WriteNullValue();
        });
    }

    // The call begins at once when there is nothing to wait for; else with the first message. False when it does not begin.
    private async ValueTask<bool> OpenAsync()
    {
        _items = HasItems ? new IncomingItems(Request.Items!, _options) : null;
        if (_context.Request.QueryString.HasValue || !HasArguments(Method))
        {
            return true;
        }

        var reading = Connection.ReadAsync().AsTask();
        try
        {
            await reading.WaitAsync(_options.WebSockets.OpenTimeout, Time, _stopping);
        }
        catch (Exception waited) when (waited is TimeoutException or OperationCanceledException)
        {
            if (waited is TimeoutException) await Connection.CloseAsync(CloseCode.Of(StatusCode.DeadlineExceeded), "no message with the arguments came");
            else await Connection.CloseAsync(CloseCode.GoingAway, "this host is stopping");
            await reading;
            return false;
        }

        if (!await reading) return false;
        try
        {
            // A copy: the message is read while others come.
            var first = CallMessage.Read(Connection.Message.ToArray(), _options.Limits.JsonDepth);
            if (first.Kind == CallMessageKind.Cancel) return false;
            _first = first;
            return true;
        }
        catch (RpcException wrong)
        {
            _wrong = wrong;
            return false;
        }
    }

    private static bool HasArguments(RpcMethod method) => method.Request.Fields.Any(field => !field.IsKey && !field.IsItem);

    // Until the connection ends. It reads no further than the grain has taken, which holds the caller back.
    private async Task ReadAsync()
    {
        try
        {
            if (_first is { Kind: not CallMessageKind.Open } first) await HandleAsync(first);
            while (await Connection.ReadAsync()) await HandleAsync(CallMessage.Read(Connection.Message, _options.Limits.JsonDepth));
        }
        catch (RpcException wrong)
        {
            await FailAsync(wrong);
            while (await Connection.ReadAsync())
            {
            }
        }
    }

    private async ValueTask HandleAsync(CallMessage message)
    {
        switch (message.Kind)
        {
            case CallMessageKind.Open:
                throw new RpcException(StatusCode.InvalidArgument, "the call is open already; one connection is one call");
            case CallMessageKind.Cancel:
                await FailAsync(new RpcException(StatusCode.Cancelled, "the caller cancelled the call"));
                break;
            case CallMessageKind.Item when _items is null:
            case CallMessageKind.End when _items is null:
                throw new RpcException(StatusCode.InvalidArgument, $"{Method.Name} takes no stream: only 'cancel' can be sent");
            case CallMessageKind.Item:
                await _items!.AddAsync(message.Value, _over.Token);
                break;
            default:
                _items!.End();
                break;
        }
    }

    private async ValueTask FailAsync(RpcException error)
    {
        _wrong ??= error;
        _items?.End(error);
        await _over.CancelAsync();
    }

    private async ValueTask EndAsync()
    {
        if (Error is not { } error)
        {
            await Connection.CloseAsync(CloseCode.Normal, "");
            return;
        }

        await SendAsync("{\"error\":"u8.ToArray(), output => HttpProblem.Write(output.Json, error, RpcStatus.ToHttp(error.Code), TraceId));
        await Connection.CloseAsync(CloseCode.Of(error.Code), error.Message);
    }

    private async ValueTask SendAsync(byte[] before, Action<JsonOutput> write)
    {
        var output = JsonOutput.Rent();
        try
        {
            output.Append(before);
            write(output);
            output.Json.Flush();
            output.Append(s_after);
            await Connection.SendAsync(output.WrittenMemory);
        }
        finally
        {
            output.Return();
        }
    }
}
