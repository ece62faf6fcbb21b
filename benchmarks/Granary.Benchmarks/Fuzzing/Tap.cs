using System.Net;
using System.Net.Sockets;

namespace Granary.Fuzzing;

/// <summary>An address that leads to another one and keeps what passes.</summary>
internal sealed class Tap : IDisposable
{
    private readonly Socket _listener;
    private readonly List<(MemoryStream To, MemoryStream From)> _passed = [];
    private readonly List<Task> _relays = [];

    internal Tap()
    {
        _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
    }

    internal IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndPoint!;

    internal void LeadTo(IPEndPoint target) => _ = AcceptAsync(target);

    /// <summary>When everything has been relayed: what passed.</summary>
    internal async Task<List<RecordedStream>> EndAsync()
    {
        _listener.Dispose();
        await Task.WhenAll(_relays).WaitAsync(TimeSpan.FromSeconds(10));
        return [.. _passed.SelectMany(p => new[] { RecordedStream.Parse(true, p.To.ToArray()), RecordedStream.Parse(false, p.From.ToArray()) })];
    }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync(IPEndPoint target)
    {
        try
        {
            while (true)
            {
                var from = await _listener.AcceptAsync();
                var to = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await to.ConnectAsync(target);
                var passed = (To: new MemoryStream(), From: new MemoryStream());
                _passed.Add(passed);
                _relays.Add(RelayAsync(from, to, passed.To));
                _relays.Add(RelayAsync(to, from, passed.From));
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Ended.
        }
    }

    private static async Task RelayAsync(Socket from, Socket to, MemoryStream passed)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var received)
            {
                passed.Write(buffer, 0, received);
                for (var sent = 0; sent < received;) sent += await to.SendAsync(buffer.AsMemory(sent, received - sent));
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            to.Dispose();
        }
    }
}
