using Granary.Codec;

namespace Granary.Gateway.WebSockets;

/// <summary>Sends a stream of results as messages. Items that are there at once go out in one write; sending is awaited before more are asked for, so that a slow reader holds the grain back.</summary>
/// <param name="connection">Where to.</param>
/// <param name="before">What stands before an item in its message.</param>
/// <param name="after">What stands after it.</param>
/// <param name="instruments">Count the items.</param>
internal sealed class ItemSender(WebSocketConnection connection, byte[] before, byte[] after, GatewayInstruments instruments)
{
    /// <summary>Sends until the stream ends, and disposes of it. When the connection ends first, the call's token ends the stream.</summary>
    public async ValueTask SendAllAsync(RpcCall call)
    {
        var request = call.Request;
        var method = new KeyValuePair<string, object?>("rpc.method", call.Method.ToString());
        try
        {
            while (true)
            {
                var next = request.MoveNextAsync();
                if (!next.IsCompleted) await connection.FlushAsync();
                if (!await next) return;
                await SendAsync(call);

                // A grain may go on although it was cancelled, and sending need not wait for anything.
                call.Cancellation.ThrowIfCancellationRequested();
                instruments.StreamedItems.Add(1, method);
            }
        }
        finally
        {
            await request.DisposeAsync();
        }
    }

    private async ValueTask<bool> SendAsync(RpcCall call)
    {
        var output = JsonOutput.Rent();
        try
        {
            output.Append(before);
            call.Request.WriteResultJson(output.Json, JsonFormat.Web);
            output.Json.Flush();
            output.Append(after);
            return await connection.SendAsync(output.WrittenMemory, flush: false);
        }
        finally
        {
            output.Return();
        }
    }
}
