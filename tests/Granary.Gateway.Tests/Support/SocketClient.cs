using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Granary.Gateway.Tests.Support;

/// <summary>A WebSocket as .NET programs open it.</summary>
internal sealed class SocketClient : IAsyncDisposable
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(60);

    private readonly ClientWebSocket _socket = new();
    private readonly byte[] _buffer = new byte[256 * 1024];

    /// <summary>The close code, once <see cref="ReceiveAsync"/> has answered null.</summary>
    public int? CloseCode => (int?)_socket.CloseStatus;

    public string? CloseReason => _socket.CloseStatusDescription;

    public string? SubProtocol => _socket.SubProtocol;

    /// <summary>Connects with the token of alice, unless <paramref name="configure"/> does otherwise.</summary>
    public static async Task<SocketClient> ConnectAsync(GatewayHost host, string path, Action<ClientWebSocketOptions>? configure = null)
    {
        var client = new SocketClient();
        if (configure is null) client._socket.Options.SetRequestHeader("Authorization", "Bearer " + host.Token("alice", "user"));
        client._socket.Options.KeepAliveInterval = TimeSpan.Zero;
        client._socket.Options.CollectHttpResponseDetails = true;
        configure?.Invoke(client._socket.Options);
        using var bound = new CancellationTokenSource(s_bound);
        try
        {
            await client._socket.ConnectAsync(new UriBuilder(new Uri(host.Address, path)) { Scheme = "ws" }.Uri, bound.Token);
        }
        catch (WebSocketException)
        {
            throw new RefusedException((int)client._socket.HttpStatusCode);
        }

        return client;
    }

    public async Task SendAsync(string text)
    {
        using var bound = new CancellationTokenSource(s_bound);
        await _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, bound.Token);
    }

    /// <summary>The next text; null when the other side has closed.</summary>
    public async Task<string?> ReceiveAsync()
    {
        using var bound = new CancellationTokenSource(s_bound);
        var length = 0;
        while (true)
        {
            var received = await _socket.ReceiveAsync(_buffer.AsMemory(length), bound.Token);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                if (_socket.State == WebSocketState.CloseReceived) await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, bound.Token);
                return null;
            }

            length += received.Count;
            if (received.EndOfMessage) return Encoding.UTF8.GetString(_buffer, 0, length);
        }
    }

    public async Task<JsonObject> ReceiveObjectAsync() => JsonNode.Parse(await ReceiveAsync() ?? throw new InvalidOperationException($"Closed: {CloseCode} {CloseReason}"))!.AsObject();

    /// <summary>All texts up to the close.</summary>
    public async Task<List<string>> ReceiveAllAsync()
    {
        List<string> all = [];
        while (await ReceiveAsync() is { } text) all.Add(text);
        return all;
    }

    public async Task CloseAsync()
    {
        using var bound = new CancellationTokenSource(s_bound);
        await _socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", bound.Token);
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return default;
    }
}

/// <summary>The handshake was refused.</summary>
internal sealed class RefusedException(int status) : Exception($"Refused: {status}")
{
    public int Status { get; } = status;
}
