using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Orleans.Runtime;

namespace Granary.Engine.Transport;

/// <summary>Dialling and accepting.</summary>
internal sealed partial class PeerNetwork
{
    private const int Backlog = 512;

    private readonly ConcurrentBag<Socket> _listeners = [];

    /// <summary>Binds a socket to listen with: before the silo's address is known, when the port is to be free.</summary>
    /// <exception cref="IOException">The address is in use or not this machine's.</exception>
    internal static Socket Bind(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // No ReuseAddress: on Unix the platform sets what lets a new run follow an old one by itself, and with the option two silos would share the port.
            if (endPoint.Address.Equals(IPAddress.IPv6Any)) socket.DualMode = true;
            socket.Bind(endPoint);
            socket.Listen(Backlog);
            return socket;
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw new IOException($"The silo cannot listen on {endPoint}: {error.Message}. Choose another port with ConfigureEndpoints or UseLocalhostClustering, or 0 for a free one.", error);
        }
    }

    /// <summary>Listens for silos and clients.</summary>
    /// <returns>The address, with the port that was chosen when it was 0.</returns>
    /// <exception cref="IOException">The address is in use or not this machine's.</exception>
    internal Task<IPEndPoint> ListenAsync(IPEndPoint endPoint) => Task.FromResult(Listen(Bind(endPoint)));

    /// <summary>Listens on what <see cref="Bind"/> gave, which is this object's from here on. A silo may listen on several endpoints; they are alike.</summary>
    internal IPEndPoint Listen(Socket listener)
    {
        _listeners.Add(listener);
        var endPoint = (IPEndPoint)listener.LocalEndPoint!;
        Log.Listening(endPoint);
        _ = AcceptAsync(listener);
        return endPoint;
    }

    /// <summary>Connects a client to a silo of which only the endpoint is known. The silo's view has been given to <see cref="PeerNetworkOptions.OnView"/> when this completes.</summary>
    /// <exception cref="HandshakeException">The process there does not belong with this one.</exception>
    /// <exception cref="SocketException">Nobody listens there.</exception>
    /// <exception cref="TimeoutException">Nobody answered in time.</exception>
    internal async Task<SiloAddress> ConnectAsync(IPEndPoint gateway, CancellationToken cancellation)
    {
        try
        {
            var (socket, identity, view) = await DialAsync(gateway, null, 0, cancellation);
            if (identity.Silo is not { } silo)
            {
                socket.Dispose();
                throw new HandshakeException($"{identity.Name} at {gateway} is no silo.");
            }

            var connection = OpenAdopted(socket, identity, 0);
            connection.Peer.OnConnected(identity);
            Log.Connected(identity.Name, 0);
            try
            {
                if (view is not null) TellView(silo, view);
            }
            catch (FrameException error)
            {
                connection.Close(error);
                throw new HandshakeException($"{silo} sent {error.Message}");
            }

            return silo;
        }
        catch
        {
            Interlocked.Increment(ref _failed);
            throw;
        }
    }

    /// <summary>Begins to connect; the connection ends up open or closed.</summary>
    internal void Dial(PeerConnection connection)
    {
        _connections.TryAdd(connection, true);
        ThreadPool.UnsafeQueueUserWorkItem(static s => _ = s.network.DialAsync(s.connection), (network: this, connection), preferLocal: false);
    }

    private async Task DialAsync(PeerConnection connection)
    {
        var peer = connection.Peer;
        try
        {
            var (socket, identity, view) = await DialAsync(peer.Silo!.Endpoint, peer.Silo, connection.Lane, _stopping.Token);
            peer.OnConnected(identity);
            Interlocked.Increment(ref _opened);
            Log.Connected(peer.Name, connection.Lane);
            if (connection.Open(socket) && view is not null) TellView(peer.Silo, view);
        }
        catch (Exception error)
        {
            Interlocked.Increment(ref _failed);
            peer.OnConnectFailed(error);
            Log.ConnectFailed(peer.Name, PeerConnection.Describe(error));
            connection.Close(error);
        }
    }

    private async Task<(PeerSocket Socket, PeerIdentity Peer, byte[]? View)> DialAsync(IPEndPoint endPoint, SiloAddress? wanted, int lane, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Options.ConnectTimeout, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        Socket? socket = null;
        try
        {
            socket = await (Options.Connect ?? ConnectAsync)(endPoint, either.Token);
            using var connected = new Handover(Tls is null ? PeerSocket.Over(socket) : await Tls.DialAsync(socket, either.Token));
            var (peer, view) = await Handshake.DialAsync(connected.Socket, Self, Options.SharedSecret, wanted, lane, Options.MaxFrameBytes, either.Token);
            return (connected.Give(), peer, view);
        }
        catch (OperationCanceledException cancelled) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            socket?.Dispose();
            throw new TimeoutException($"{endPoint} did not answer within {Options.ConnectTimeout.TotalSeconds:0.#} s.{(Tls is null ? " Does it want TLS (Granary:Engine:Tls)?" : "")}", cancelled);
        }
        catch
        {
            socket?.Dispose();
            throw;
        }

        static async Task<Socket> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellation)
        {
            var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(endPoint, cancellation);
                return socket;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!IsStopping)
        {
            try
            {
                var socket = await listener.AcceptAsync(_stopping.Token);
                Accept(socket);
            }
            catch (Exception) when (IsStopping)
            {
                return;
            }
            catch (Exception error)
            {
                // Out of descriptors, or the caller is gone already: others will come.
                Log.Unexpected("the listener", error);
                await Task.Delay(TimeSpan.FromMilliseconds(50), Time);
            }
        }
    }

    private void Accept(Socket socket)
    {
        IPEndPoint from;
        try
        {
            from = (IPEndPoint)socket.RemoteEndPoint!;
        }
        catch (SocketException)
        {
            // It has gone again.
            socket.Dispose();
            return;
        }

        if (_admission.TryEnter(from.Address, out var problem))
        {
            _ = AcceptOneAsync(socket, from);
            return;
        }

        socket.Dispose();
        OnRefused(from, problem);
    }

    private void OnRefused(EndPoint from, string reason)
    {
        Interlocked.Increment(ref _refused);
        _admission.OnRefused(from, reason);
    }

    private async Task AcceptOneAsync(Socket socket, IPEndPoint from)
    {
        try
        {
            using var limit = new CancellationTokenSource(Options.ConnectTimeout, Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stopping.Token);
            using var accepted = new Handover(Tls is null ? PeerSocket.Over(socket) : await Tls.AcceptAsync(socket, either.Token));
            var (identity, lane) = await Handshake.AcceptAsync(accepted.Socket, Self, Options.SharedSecret, peer => Admit(peer, accepted.Socket.PeerIdentity), either.Token);
            OpenAdopted(accepted.Give(), identity, lane);
            Log.Accepted(identity.Name, lane);
        }
        catch (Exception error)
        {
            socket.Dispose();
            if (!IsStopping) OnRefused(from, error is OperationCanceledException ? "The handshake took too long." : PeerConnection.Describe(error));
        }
        finally
        {
            _admission.Leave(from.Address);
        }
    }

    /// <summary>Lets a process in, and gives what it must know of the cluster.</summary>
    /// <exception cref="HandshakeException">It may not come in.</exception>
    private byte[]? Admit(PeerIdentity peer, TlsIdentity? certificate)
    {
        if (peer.Silo is not { } silo)
        {
            if (_clients.Count >= Options.MaxClients && !_clients.ContainsKey(peer.Name)) throw new HandshakeException($"{_clients.Count} clients are connected here already; MaxClients allows no more.");
            return Options.View?.Invoke();
        }

        Tls?.CheckSilo(certificate);
        if (Process.View.Silos.Any(s => s.Status == SiloStatus.Dead && s.Address.Equals(silo))) throw new HandshakeException($"The cluster has declared {silo} dead. Restart it.");
        return null;
    }

    /// <summary>A connection whose handshake is done becomes one of the peer's, for calls both ways.</summary>
    internal PeerConnection OpenAdopted(PeerSocket socket, PeerIdentity identity, int lane)
    {
        var connection = Adopt(identity, lane);
        Interlocked.Increment(ref _opened); // and a fence: see Abort
        connection.Open(socket);
        if (IsStopping) connection.SayGoAway(processStops: true);
        if (Volatile.Read(ref _isAborted)) connection.Close(null);
        return connection;
    }

    /// <summary>Makes a connection one of the peer's; it is not open yet.</summary>
    internal PeerConnection Adopt(PeerIdentity identity, int lane)
    {
        lock (_clients)
        {
            var peer = identity.Silo is { } silo
                ? _silos.GetOrAdd(silo, static (address, s) => new Peer(s.network, address, s.identity.Id), (network: this, identity))
                : _clients.GetOrAdd(identity.Name, static (_, s) => new Peer(s.network, null, s.identity.Id), (network: this, identity));
            var connection = new PeerConnection(this, peer, lane);
            _connections.TryAdd(connection, true);
            peer.Adopt(connection, identity);
            return connection;
        }
    }

    /// <summary>A socket that is closed unless it is given to someone.</summary>
    private sealed class Handover(PeerSocket socket) : IDisposable
    {
        private PeerSocket? _owned = socket;

        internal PeerSocket Socket { get; } = socket;

        internal PeerSocket Give()
        {
            _owned = null;
            return Socket;
        }

        public void Dispose() => _owned?.Dispose();
    }
}
