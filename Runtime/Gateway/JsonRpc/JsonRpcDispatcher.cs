using System.Buffers;
using System.Diagnostics;
using System.Text.Json;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.JsonRpc;

/// <summary>Answers JSON-RPC messages, however they came. Thread-safe.</summary>
internal sealed class JsonRpcDispatcher(JsonRpcMethods methods, RpcPipeline pipeline, IOptions<GatewayOptions> options, TimeProvider time, IHostApplicationLifetime lifetime)
{
    private const string NoMethod = "Method not found: a method is written service.Method, as in calculator.Multiply, or with the contract's version, v2.users.Get; /openapi.json has those there are";

    private readonly GatewayOptions _options = options.Value;

    /// <summary>Reads a message.</summary>
    /// <param name="message">The JSON text, which must outlive the entries.</param>
    /// <param name="entries">Its requests.</param>
    /// <param name="isBatch">Whether it is a batch.</param>
    /// <returns>Null; or, when it is no message, the response to that.</returns>
    public byte[]? Read(ReadOnlyMemory<byte> message, List<JsonRpcEntry> entries, out bool isBatch)
    {
        isBatch = false;
        try
        {
            isBatch = JsonRpcEntry.Read(message, _options.Limits.JsonDepth, _options.JsonRpc.MaxBatch, entries);
            return null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // An InvalidOperationException is a text that is no UTF-8.
            return JsonRpcError.Response(default, JsonRpcError.ParseError, "Parse error: this is no JSON in UTF-8, or it is nested too deep");
        }
        catch (JsonRpcBatchException error)
        {
            return JsonRpcError.Response(default, JsonRpcError.InvalidRequest, $"Invalid Request: {error.Message}");
        }
    }

    /// <summary>The method of a request; null when it has none, and <paramref name="refusal"/> is the response, if there is to be one.</summary>
    public RpcMethod? Find(JsonRpcEntry entry, out byte[]? refusal)
    {
        refusal = null;
        if (entry.Problem is { } problem)
        {
            refusal = JsonRpcError.Response(entry.Id.Span, JsonRpcError.InvalidRequest, $"Invalid Request: {problem}");
            return null;
        }

        var method = methods.Find(entry.Method!);
        if (method is null && !entry.IsNotification) refusal = JsonRpcError.Response(entry.Id.Span, JsonRpcError.MethodNotFound, NoMethod);
        return method;
    }

    /// <summary>Makes a call that answers once.</summary>
    /// <returns>The response object; null for a notification.</returns>
    public async ValueTask<byte[]?> CallAsync(JsonRpcCaller caller, JsonRpcEntry entry, bool isAlone)
    {
        if (Find(entry, out var refusal) is not { } method) return refusal;
        using Activity? span = caller.IsSocket ? CallSpan.Begin(method, caller.Span) : null;
        var call = new JsonRpcCall(caller, method, entry, isAlone, _options, time, lifetime.ApplicationStopping);
        await pipeline.RunAsync(call);
        call.Finish();
        return call.Response;
    }

    /// <summary>Makes the calls of a batch.</summary>
    /// <returns>The responses in the order of the requests; empty when all were notifications.</returns>
    public async ValueTask<ReadOnlyMemory<byte>> CallAllAsync(JsonRpcCaller caller, List<JsonRpcEntry> entries)
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
        return output.WrittenMemory;

        async Task WorkAsync()
        {
            for (var i = Interlocked.Increment(ref following); i < entries.Count; i = Interlocked.Increment(ref following))
            {
                // Once nobody waits for the answer, nothing new is begun.
                if (caller.Gone.IsCancellationRequested) return;
                responses[i] = await CallAsync(caller, entries[i], isAlone: false);
            }
        }
    }
}
