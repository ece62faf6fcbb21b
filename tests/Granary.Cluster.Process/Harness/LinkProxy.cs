using System.Net;
using System.Net.Sockets;

namespace Granary.Cluster.Harness;

/// <summary>Passes connections on to a target for as long as their link is open. Once disposed, its port refuses connections and those it had are reset.</summary>
internal sealed class LinkProxy : IDisposable
{
    private readonly Socket _listener;
    private readonly IPEndPoint _target;
    private readonly Func<IPEndPoint, Link> _linkOf;
    private readonly CancellationTokenSource _disposed = new();

    internal LinkProxy(IPEndPoint at, IPEndPoint target, Func<IPEndPoint, Link> linkOf)
    {
        (_target, _linkOf) = (target, linkOf);
        _listener = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(at);
        _listener.Listen();
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        _ = AcceptAsync();
    }

    internal IPEndPoint EndPoint { get; }

    public void Dispose()
    {
        _listener.Dispose();
        _disposed.Cancel();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = PassAsync(await _listener.AcceptAsync(_disposed.Token));
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Disposed.
        }
    }

    private async Task PassAsync(Socket caller)
    {
        using var target = new Socket(_target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (caller)
        {
            try
            {
                caller.NoDelay = true;
                var link = _linkOf((IPEndPoint)caller.RemoteEndPoint!);
                await link.OpenAsync(_disposed.Token);
                await target.ConnectAsync(_target, _disposed.Token);
                await Task.WhenAll(PumpAsync(caller, target, link), PumpAsync(target, caller, link));
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                // One end is gone, or the target was not there: the other end learns it by a reset.
                caller.LingerState = new LingerOption(enable: true, 0);
                target.LingerState = new LingerOption(enable: true, 0);
            }
        }
    }

    private async Task PumpAsync(Socket from, Socket to, Link link)
    {
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var length = await from.ReceiveAsync(buffer, _disposed.Token);
            await link.OpenAsync(_disposed.Token);
            if (length == 0)
            {
                to.Shutdown(SocketShutdown.Send);
                return;
            }

            for (var sent = 0; sent < length;) sent += await to.SendAsync(buffer.AsMemory(sent, length - sent), _disposed.Token);
        }
    }
}
