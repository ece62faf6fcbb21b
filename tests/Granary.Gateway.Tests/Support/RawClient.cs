using System.Net.Sockets;
using System.Text;

namespace Granary.Gateway.Tests.Support;

/// <summary>HTTP written by hand, for what no client would send.</summary>
internal sealed class RawClient : IAsyncDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public static async Task<RawClient> ConnectAsync(GatewayHost host)
    {
        var client = new RawClient();
        await client._socket.ConnectAsync(host.Address.Host, host.Address.Port);
        return client;
    }

    public async Task SendAsync(string text) => await _socket.SendAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Reads until the text has come, and returns all that came up to now.</summary>
    public async Task<string> ReadUntilAsync(string text)
    {
        var all = new StringBuilder();
        var buffer = new byte[16 * 1024];
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!all.ToString().Contains(text, StringComparison.Ordinal))
        {
            var read = await _socket.ReceiveAsync(buffer, bound.Token);
            Assert.True(read > 0, $"The connection ended before '{text}' came: {all}");
            all.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }

        return all.ToString();
    }

    public async Task<string> ReadToEndAsync()
    {
        var all = new StringBuilder();
        var buffer = new byte[16 * 1024];
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            while (await _socket.ReceiveAsync(buffer, bound.Token) is var read and > 0) all.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }
        catch (SocketException)
        {
            // A reset is an end.
        }

        return all.ToString();
    }

    /// <summary>Closes at once, with a reset.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Close();
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return default;
    }
}
