using System.Buffers;
using Granary.Gateway.WebSockets;
using Granary.Rpc;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.JsonRpc;

/// <summary>
/// JSON-RPC 2.0 by <c>POST /jsonrpc</c> (https://www.jsonrpc.org/specification): requests, notifications and batches. What is wrong with a call is in the response object, and the HTTP status 200; 4xx is only for
/// what is no JSON-RPC over HTTP at all. A message of notifications is answered 204, when they have ended.
/// The same messages, and streams, on a WebSocket: <see cref="JsonRpcSocket"/>.
/// </summary>
internal sealed class JsonRpcAdapter(
    RequestDelegate next,
    JsonRpcDispatcher dispatcher,
    WebSocketAdmission admission,
    RpcPipeline pipeline,
    IOptions<GatewayOptions> options,
    GatewayInstruments instruments,
    TimeProvider time,
    IHostApplicationLifetime lifetime)
{
    private static readonly PathString s_path = new("/jsonrpc");

    private readonly GatewayOptions _options = options.Value;

    public Task InvokeAsync(HttpContext context) => context.Request.Path.Equals(s_path, StringComparison.Ordinal) ? ServeAsync(context) : next(context);

    private async Task ServeAsync(HttpContext context)
    {
        HttpHead.Begin(context.Response);
        var request = context.Request;
        if (WebSocketHandshake.IsAsked(context))
        {
            await ConnectAsync(context);
        }
        else if (!HttpMethods.IsPost(request.Method))
        {
            context.Response.Headers.Allow = "POST";
            await RefuseAsync(context, 405, StatusCode.Unimplemented, "JSON-RPC requests are sent by POST, or on a WebSocket");
        }
        else if (!MediaTypes.IsJson(request.ContentType) || request.Headers.ContentEncoding.Count > 0)
        {
            await RefuseAsync(context, 415, StatusCode.InvalidArgument, $"a JSON-RPC message is JSON in UTF-8, not compressed: send it as Content-Type {MediaTypes.Json}");
        }
        else
        {
            await AnswerAsync(context);
        }
    }

    private async Task ConnectAsync(HttpContext context)
    {
        if (context.Request.QueryString.HasValue)
        {
            // A token there would be in every log on the way.
            await RefuseAsync(context, 400, StatusCode.InvalidArgument, "the query must be empty; a token goes into the Authorization header or a subprotocol");
            return;
        }

        await using var session = await admission.AdmitAsync(context);
        if (session is null) return;
        await new JsonRpcSocket(JsonRpcCaller.BySocket(context, session), session, dispatcher, pipeline, _options, instruments, time, lifetime.ApplicationStopping).ServeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        byte[] body;
        try
        {
            if (await ReadAsync(context) is not { } whole)
            {
                if (HttpProtocol.IsHttp11(context.Request.Protocol)) context.Response.Headers.Connection = "close";
                await RefuseAsync(context, 413, StatusCode.ResourceExhausted, $"the message is larger than {_options.Limits.BodyBytes} bytes");
                return;
            }

            body = whole;
        }
        catch (BadHttpRequestException broken)
        {
            await RefuseAsync(context, broken.StatusCode, StatusCode.InvalidArgument, broken.Message);
            return;
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException)
        {
            return; // nobody is there to be told
        }

        List<JsonRpcEntry> entries = [];
        if (dispatcher.Read(body, entries, out var isBatch) is { } refusal)
        {
            await SendAsync(context, refusal);
            return;
        }

        var caller = JsonRpcCaller.ByPost(context);
        await SendAsync(context, isBatch ? await dispatcher.CallAllAsync(caller, entries) : await dispatcher.CallAsync(caller, entries[0], isAlone: true));
    }

    /// <summary>The whole body; null when it is too large.</summary>
    private async ValueTask<byte[]?> ReadAsync(HttpContext context)
    {
        if (context.Request.ContentLength > _options.Limits.BodyBytes) return null;
        var reader = context.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(context.RequestAborted);
            if (read.Buffer.Length > _options.Limits.BodyBytes)
            {
                reader.AdvanceTo(read.Buffer.End);
                return null;
            }

            if (read.IsCompleted)
            {
                var body = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return body;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static Task RefuseAsync(HttpContext context, int status, StatusCode code, string problem) => HttpProblem.WriteAsync(context, new RpcException(code, problem), status);

    private static Task SendAsync(HttpContext context, ReadOnlyMemory<byte> response)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (response.IsEmpty)
        {
            context.Response.StatusCode = 204;
            return Task.CompletedTask;
        }

        context.Response.ContentType = MediaTypes.Json;
        return HttpProblem.Send(context.Response, response.Span);
    }
}
