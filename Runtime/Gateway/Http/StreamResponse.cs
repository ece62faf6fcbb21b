using System.Buffers;
using System.IO.Pipelines;
using Granary.Codec;
using Granary.Rpc;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Granary.Gateway.Http;

/// <summary>
/// Writes a stream of results. Items that are there at once go out in one write; the response's flush is awaited before more are asked for, so that a slow reader holds the grain back.
/// </summary>
internal sealed class StreamResponse(HttpContext context, HttpCall call, StreamFormat format, GatewayOptions options, GatewayInstruments instruments)
{
    private const int FlushAt = 16 * 1024;

    /// <summary>How long the first item is waited for before the response begins: an error within this time is an HTTP status, later it is the stream's last item.</summary>
    private static readonly TimeSpan FirstItemWait = TimeSpan.FromSeconds(1);

    private readonly PipeWriter _body = context.Response.BodyWriter;
    private readonly KeyValuePair<string, object?> _method = new("rpc.method", call.Method.ToString());
    private long _unflushed;

    /// <summary>Writes until the stream ends. An error before the response has begun is left to be answered; a later one is its last item.</summary>
    /// <param name="items">The caller's own stream, whose error is told when it ended the call.</param>
    public async ValueTask WriteAsync(ItemReader? items)
    {
        var request = call.Request;
        try
        {
            var next = request.MoveNextAsync();
            while (await TryWaitAsync(next))
            {
                if (!context.Response.HasStarted) await BeginAsync();
                WriteItem();
                instruments.StreamedItems.Add(1, _method);
                if (_unflushed >= FlushAt && !await FlushAsync()) return;
                next = request.MoveNextAsync();
            }

            if (items?.Error is { } error)
            {
                await EndWithAsync(error);
                return;
            }

            if (!context.Response.HasStarted) await BeginAsync();
            _body.Write(format.End);
            await FlushAsync();
        }
        catch (Exception exception)
        {
            await EndWithAsync(items?.Error ?? exception);
        }
        finally
        {
            await request.DisposeAsync();
        }

        async ValueTask<bool> TryWaitAsync(ValueTask<bool> next)
        {
            if (next.IsCompleted) return await next;

            // Should the reader have gone, the call's token tells the grain, and the wait ends by that.
            if (_unflushed > 0) await FlushAsync();
            return await WaitAsync(next.AsTask());
        }
    }

    private async ValueTask<bool> WaitAsync(Task<bool> next)
    {
        if (!context.Response.HasStarted)
        {
            await Quiet(next, FirstItemWait);
            if (next.IsCompleted) return await next;
            await BeginAsync();
            await FlushAsync();
        }

        while (format.HasHeartbeat && !next.IsCompleted)
        {
            await Quiet(next, options.Streams.Heartbeat);
            if (next.IsCompleted) break;
            _body.Write(": \n\n"u8);
            await FlushAsync();
        }

        return await next;
    }

    // Waits for the task or the time, whichever is first, without taking the task's result or throwing its error.
    private async Task Quiet(Task next, TimeSpan time)
    {
        if (time <= TimeSpan.Zero) return;
        await next.WaitAsync(time, call.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async ValueTask BeginAsync()
    {
        var response = context.Response;
        response.ContentType = format.ContentType;
        response.Headers.CacheControl = "no-store";

        // nginx would hold events back.
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await response.StartAsync();
    }

    private void WriteItem()
    {
        var output = JsonOutput.Rent();
        try
        {
            output.Append(format.BeforeItem);
            call.Request.WriteResultJson(output.Json, JsonFormat.Web);
            output.Json.Flush();
            output.Append(format.AfterItem);
            _body.Write(output.Written);
            _unflushed += output.Written.Length;
        }
        finally
        {
            output.Return();
        }
    }

    private async ValueTask EndWithAsync(Exception exception)
    {
        call.Fail(exception);
        if (!context.Response.HasStarted || context.RequestAborted.IsCancellationRequested) return;
        var output = JsonOutput.Rent();
        try
        {
            output.Append(format.BeforeError);
            HttpProblem.Write(output.Json, call.Error!, RpcStatus.ToHttp(call.Error!.Code), call.TraceId);
            output.Json.Flush();
            output.Append(format.AfterError);
            _body.Write(output.Written);
        }
        finally
        {
            output.Return();
        }

        // The reader may be the reason. A connection that is cut cannot be taken for an orderly end.
        Task flushing = _body.FlushAsync().AsTask();
        await flushing.WaitAsync(options.Streams.StallLimit, call.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!flushing.IsCompletedSuccessfully) context.Abort();
    }

    // False when the reader has gone, or was cut since it takes nothing.
    private async ValueTask<bool> FlushAsync()
    {
        _unflushed = 0;
        var flush = _body.FlushAsync(call.Cancellation);
        if (!flush.IsCompleted)
        {
            var flushing = flush.AsTask();
            await ((Task)flushing).WaitAsync(options.Streams.StallLimit, call.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!flushing.IsCompleted) context.Abort();
            flush = new(flushing);
        }

        var result = await flush;
        return !result.IsCompleted && !context.RequestAborted.IsCancellationRequested;
    }
}
