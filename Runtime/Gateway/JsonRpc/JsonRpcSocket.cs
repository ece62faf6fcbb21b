using System.Collections.Concurrent;
using Granary.Gateway.WebSockets;
using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.JsonRpc;

/// <summary>
/// JSON-RPC 2.0 on one WebSocket: the messages of POST, answered as they end, and streams. A request of a method that streams is answered with a subscription, a number; its items come as notifications
/// <c>rpc.item</c>, its end as <c>rpc.end</c>; the caller's own items go as <c>rpc.send</c>, their end as <c>rpc.end</c>, and <c>rpc.cancel</c> ends the call.
/// (Section 4.3 of the specification keeps names with <c>rpc.</c> for such extensions.)
/// Bounds: so many calls under way, so many streams; beyond the first the connection is not read on, which holds the caller back.
/// </summary>
internal sealed class JsonRpcSocket(
    JsonRpcCaller caller, WebSocketSession session, JsonRpcDispatcher dispatcher, RpcPipeline pipeline, GatewayOptions options, GatewayInstruments instruments, TimeProvider time, CancellationToken stopping)
{
    private readonly WebSocketConnection _connection = session.Connection;
    private readonly SemaphoreSlim _slots = new(options.WebSockets.MaxCallsInFlight);
    private readonly ConcurrentDictionary<long, JsonRpcStream> _streams = new();
    private readonly Lock _gate = new();
    private long _subscriptions;
    private Task? _draining;
    private Task _stopped = Task.CompletedTask;

    /// <summary>Serves the connection to its end.</summary>
    public async Task ServeAsync()
    {
        await using (stopping.UnsafeRegister(static socket => ((JsonRpcSocket)socket!)._stopped = ((JsonRpcSocket)socket).StopAsync(), this))
        {
            while (await _connection.ReadAsync())
            {
                // A copy: calls outlive the connection's buffer.
                await TakeAsync(_connection.Message.ToArray());
            }
        }

        // Everything under way ends by the connection's token, and nothing may touch the request afterwards.
        await DrainAsync();
        await _stopped;
        foreach (var stream in _streams.Values) await stream.Finished;
    }

    private async ValueTask TakeAsync(byte[] message)
    {
        List<JsonRpcEntry> entries = [];
        if (dispatcher.Read(message, entries, out var isBatch) is { } refusal)
        {
            await _connection.SendAsync(refusal);
            return;
        }

        var entry = entries[0];
        if (!isBatch && JsonRpcControl.KindOf(entry.Method) is { } kind)
        {
            await ControlAsync(kind, entry);
            return;
        }

        if (!isBatch)
        {
            if (dispatcher.Find(entry, out var response) is not { } method)
            {
                if (response is not null) await _connection.SendAsync(response);
                return;
            }

            if (method.Kind != RpcMethodKind.Unary)
            {
                await SubscribeAsync(method, entry);
                return;
            }
        }

        try
        {
            await _slots.WaitAsync(_connection.Ended);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        _ = AnswerAsync(isBatch, entries);
    }

    private async Task AnswerAsync(bool isBatch, List<JsonRpcEntry> entries)
    {
        try
        {
            var response = isBatch ? await dispatcher.CallAllAsync(caller, entries) : await dispatcher.CallAsync(caller, entries[0], isAlone: false);
            if (!response.IsEmpty) await _connection.SendAsync(response);
        }
        finally
        {
            _slots.Release();
        }
    }

    private async ValueTask SubscribeAsync(RpcMethod method, JsonRpcEntry entry)
    {
        // A stream whose number nobody learns: neither told nor begun.
        if (entry.IsNotification) return;
        if (_streams.Count >= options.WebSockets.MaxStreams)
        {
            var full = new RpcException(StatusCode.ResourceExhausted, $"this connection has {options.WebSockets.MaxStreams} streams, and more are not allowed; end one, or open another connection");
            await _connection.SendAsync(JsonRpcError.Response(entry.Id.Span, full, ""));
            return;
        }

        var subscription = ++_subscriptions;
        var stream = new JsonRpcStream(caller, _connection, method, entry, subscription, options, instruments, time, stopping);
        _streams[subscription] = stream;
        _ = RunAsync(stream, subscription);
    }

    private async Task RunAsync(JsonRpcStream stream, long subscription)
    {
        try
        {
            using var span = CallSpan.Begin(stream.Method, caller.Span);
            await pipeline.RunAsync(stream);
            await stream.FinishAsync();
        }
        finally
        {
            _streams.TryRemove(subscription, out _);
        }
    }

    private async ValueTask ControlAsync(JsonRpcControlKind kind, JsonRpcEntry entry)
    {
        try
        {
            var control = JsonRpcControl.Read(kind, entry, options.Limits.JsonDepth);
            _streams.TryGetValue(control.Subscription, out var stream);
            var done = stream is not null && await ControlAsync(stream, control);
            if (!entry.IsNotification) await _connection.SendAsync(JsonRpcMessage.Response(entry.Id.Span, json => json.WriteBooleanValue(done)));
        }
        catch (RpcException wrong)
        {
            if (!entry.IsNotification) await _connection.SendAsync(JsonRpcError.Response(entry.Id.Span, wrong, ""));
        }
    }

    private async ValueTask<bool> ControlAsync(JsonRpcStream stream, JsonRpcControl control)
    {
        switch (control.Kind)
        {
            case JsonRpcControlKind.Cancel:
                stream.Cancel();
                return true;
            case JsonRpcControlKind.End:
                stream.Items?.End();
                return stream.Items is not null;
            default:
                if (stream.Items is null) throw new RpcException(StatusCode.InvalidArgument, $"{stream.Method.Name} takes no items, or they are not awaited yet: send them once the request is answered");
                return await SendAsync(stream, stream.Items, control.Item);
        }
    }

    // While one grain does not take its items, the whole connection is not read on; but not for ever, since others share it.
    private async ValueTask<bool> SendAsync(JsonRpcStream stream, IncomingItems items, ReadOnlyMemory<byte> item)
    {
        var adding = items.AddAsync(item, stream.Over);
        if (adding.IsCompleted) return await adding;
        var waiting = adding.AsTask();
        await ((Task)waiting).WaitAsync(options.Streams.StallLimit, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!waiting.IsCompleted) stream.Stall();
        return await waiting;
    }

    // Calls under way are let finish; those with streams end by themselves.
    private async Task StopAsync()
    {
        await Task.Yield();
        await DrainAsync();
        await _connection.CloseAsync(CloseCode.GoingAway, "this host is stopping");
    }

    // Waits for what is under way, and lets nothing begin any more.
    private Task DrainAsync()
    {
        lock (_gate) return _draining ??= DrainOnceAsync();

        async Task DrainOnceAsync()
        {
            for (var i = 0; i < options.WebSockets.MaxCallsInFlight; i++) await _slots.WaitAsync();
            foreach (var stream in _streams.Values) await stream.Finished;
        }
    }
}
