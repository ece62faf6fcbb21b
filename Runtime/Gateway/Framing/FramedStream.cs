using Microsoft.AspNetCore.Http;

namespace Granary.Gateway.Framing;

/// <summary>
/// Writes a stream of results as messages. Those that are there at once go out in one write; the response's flush is awaited before more are asked for, so that a slow reader holds the grain back.
/// </summary>
internal sealed class FramedStream(HttpContext context, FramedCall call, CallServices services)
{
    private const int FlushAt = 16 * 1024;

    private readonly KeyValuePair<string, object?> _method = new("rpc.method", call.Method.ToString());

    /// <summary>Writes until the stream ends. Errors are left in the call, for its end to tell.</summary>
    /// <param name="items">The caller's own stream, whose error is told when it ended the call.</param>
    public async ValueTask WriteAsync(FramedItems? items)
    {
        var request = call.Request;
        var hasBegun = false;
        try
        {
            var next = request.MoveNextAsync();
            while (true)
            {
                if (!next.IsCompleted) next = new(await FlushMeanwhileAsync(next.AsTask()));
                if (!await next) break;
                if (!hasBegun) await BeginAsync();
                call.WriteItem();
                services.Instruments.StreamedItems.Add(1, _method);
                if (call.Unflushed >= FlushAt && !await FlushAsync()) return;
                next = request.MoveNextAsync();
            }

            if (items?.Error is { } error) call.Fail(error);
            else if (!hasBegun) await BeginAsync();
        }
        catch (Exception exception)
        {
            call.Fail(items?.Error ?? exception);
        }
        finally
        {
            await request.DisposeAsync();
        }

        // The end of the stream is behind what was not taken yet.
        if (call.Error is not null && call.Unflushed > 0 && !context.RequestAborted.IsCancellationRequested) await FlushLastAsync();

        Task BeginAsync()
        {
            hasBegun = true;
            return call.BeginAsync();
        }

        // Should the reader have gone, the call's token tells the grain, and the wait ends by that. The stream cannot be disposed before.
        async ValueTask<Task<bool>> FlushMeanwhileAsync(Task<bool> waiting)
        {
            try
            {
                if (!hasBegun) await BeginAsync();
                await FlushAsync();
                return waiting;
            }
            catch
            {
                await ((Task)waiting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw;
            }
        }
    }

    // False when the reader has gone, or was cut since it takes nothing.
    private async ValueTask<bool> FlushAsync()
    {
        call.Unflushed = 0;
        var flush = context.Response.BodyWriter.FlushAsync(call.Cancellation);
        if (!flush.IsCompleted)
        {
            var flushing = flush.AsTask();
            await ((Task)flushing).WaitAsync(services.Options.Streams.StallLimit, call.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!flushing.IsCompleted) context.Abort();
            flush = new(flushing);
        }

        var result = await flush;
        return !result.IsCompleted && !context.RequestAborted.IsCancellationRequested;
    }

    // The reader may be the reason for the error. A stream that is reset cannot be taken for an orderly end.
    private async ValueTask FlushLastAsync()
    {
        Task flushing = context.Response.BodyWriter.FlushAsync().AsTask();
        await flushing.WaitAsync(services.Options.Streams.StallLimit, call.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!flushing.IsCompletedSuccessfully) context.Abort();
    }
}
