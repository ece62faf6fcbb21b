using System.Buffers;
using System.Diagnostics;
using System.Text.Json;
using Granary.Rpc;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.JsonRpc;

/// <summary>
/// JSON-RPC 2.0 by <c>POST /jsonrpc</c> (https://www.jsonrpc.org/specification): requests, notifications and batches. What is wrong with a call is in the response object, and the HTTP status 200; 4xx is only for
/// what is no JSON-RPC over HTTP at all. A message of notifications is answered 204, when they have ended.
/// </summary>
internal sealed class JsonRpcAdapter(
    RequestDelegate next,
    JsonRpcMethods methods,
    RpcPipeline pipeline,
    IOptions<GatewayOptions> options,
    TimeProvider time,
    IHostApplicationLifetime lifetime)
{
    private static readonly PathString s_path = new("/jsonrpc");

    private readonly GatewayOptions _options = options.Value;

    public Task InvokeAsync(HttpContext context) => context.Request.Path.Equals(s_path, StringComparison.Ordinal) ? ServeAsync(context) : next(context);

    private async Task ServeAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } trace }) headers["traceparent"] = trace;
        headers.XContentTypeOptions = "nosniff";
        var request = context.Request;
        if (!HttpMethods.IsPost(request.Method))
        {
            headers.Allow = "POST";
            await RefuseAsync(context, 405, StatusCode.Unimplemented, "JSON-RPC requests are sent by POST");
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
        bool isBatch;
        try
        {
            isBatch = JsonRpcEntry.Read(body, _options.Limits.JsonDepth, _options.JsonRpc.MaxBatch, entries);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // An InvalidOperationException is a text that is no UTF-8.
            await SendAsync(context, JsonRpcError.Response(default, JsonRpcError.ParseError, "Parse error: this is no JSON in UTF-8, or it is nested too deep"));
            return;
        }
        catch (JsonRpcBatchException error)
        {
            await SendAsync(context, JsonRpcError.Response(default, JsonRpcError.InvalidRequest, $"Invalid Request: {error.Message}"));
            return;
        }

        if (isBatch) await AnswerBatchAsync(context, entries);
        else await SendAsync(context, await CallAsync(context, entries[0], isAlone: true));
    }

    private async Task AnswerBatchAsync(HttpContext context, List<JsonRpcEntry> entries)
    {
        var responses = new byte[]?[entries.Count];
        var following = -1;
        var workers = new Task[Math.Min(entries.Count, _options.JsonRpc.BatchConcurrency)];
        for (var i = 0; i < workers.Length; i++) workers[i] = WorkAsync();
        await Task.WhenAll(workers);

        var output = new ArrayBufferWriter<byte>();
        foreach (var response in responses)
        {
            if (response is null) continue;
            output.Write(output.WrittenCount == 0 ? "["u8 : ","u8);
            output.Write(response);
        }

        if (output.WrittenCount > 0) output.Write("]"u8);
        await SendAsync(context, output.WrittenMemory);

        async Task WorkAsync()
        {
            for (var i = Interlocked.Increment(ref following); i < entries.Count; i = Interlocked.Increment(ref following))
            {
                // Once nobody waits for the answer, nothing new is begun.
                if (context.RequestAborted.IsCancellationRequested) return;
                responses[i] = await CallAsync(context, entries[i], isAlone: false);
            }
        }
    }

    /// <summary>The response object; null for a notification.</summary>
    private async ValueTask<byte[]?> CallAsync(HttpContext context, JsonRpcEntry entry, bool isAlone)
    {
        if (entry.Problem is { } problem) return JsonRpcError.Response(entry.Id.Span, JsonRpcError.InvalidRequest, $"Invalid Request: {problem}");
        if (methods.Find(entry.Method!) is not { } method)
        {
            return entry.IsNotification ? null : JsonRpcError.Response(
                entry.Id.Span, JsonRpcError.MethodNotFound, "Method not found: a method is written service.Method, as in calculator.Multiply, or with the contract's version, v2.users.Get; /openapi.json has those there are");
        }

        var call = new JsonRpcCall(context, method, entry, isAlone, _options, time, lifetime.ApplicationStopping);
        await pipeline.RunAsync(call);
        call.Finish();
        return call.Response;
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
