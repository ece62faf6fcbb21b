using System.Collections.Concurrent;
using Granary.Calls;
using Granary.Codec;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Granary.Engine.Transport;

/// <summary>
/// The connections of one process to the others of its cluster: those it dials, and, on a silo, those it accepts. Thread-safe.
/// (Dialling and accepting: <c>PeerNetwork.Connecting.cs</c>.)
/// </summary>
internal sealed partial class PeerNetwork : IPeerNetwork, IAsyncDisposable
{
    private readonly ConcurrentDictionary<SiloAddress, Peer> _silos = new();
    private readonly ConcurrentDictionary<string, Peer> _clients = new(StringComparer.Ordinal); // changed under its own lock
    private readonly ConcurrentDictionary<PeerConnection, bool> _connections = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _heartbeat;
    private readonly Admission _admission;
    private readonly Lock _closedLock = new();
    private NetworkTotals _closed;
    private long _opened;
    private long _failed;
    private long _refused;
    private bool _isAborted;

    /// <param name="process">Whose network this is; wired.</param>
    /// <param name="options">Limits, times and callbacks.</param>
    /// <param name="loggers">For the category <c>Granary.Engine.Transport</c>.</param>
    /// <param name="time">The clock of timeouts and heartbeats.</param>
    internal PeerNetwork(ProcessCore process, PeerNetworkOptions options, ILoggerFactory loggers, TimeProvider time)
    {
        options.Validate();
        Process = process;
        Options = options;
        Time = time;
        Log = new TransportLog(loggers.CreateLogger("Granary.Engine.Transport"));
        _admission = new Admission(options, time, Log);
        Tls = options.Tls is { } tls ? new PeerTls(tls, time, Log) : null;
        Watchdog = new LoopWatchdog(() => _connections.Select(c => c.Key));
        var period = TimeSpan.FromTicks(Math.Clamp(options.PingAfter.Ticks / 4, TimeSpan.TicksPerMillisecond * 10, TimeSpan.TicksPerSecond));
        TransportMetrics.Add(this);
        _heartbeat = time.CreateTimer(static network => ((PeerNetwork)network!).CheckAlive(), this, period, period);
    }

    internal ProcessCore Process { get; }

    internal PeerNetworkOptions Options { get; }

    internal TimeProvider Time { get; }

    internal TransportLog Log { get; }

    /// <summary>TLS, when the connections have it.</summary>
    internal PeerTls? Tls { get; }

    /// <summary>Who this process says it is. A silo's address is final before it listens or sends.</summary>
    internal PeerIdentity Self => new(Options.ClusterId, (Process as SiloCore)?.Address, Process.ClientId);

    internal LoopWatchdog Watchdog { get; }

    internal bool IsStopping => _stopping.IsCancellationRequested;

    /// <inheritdoc/>
    public void Send(Call call, SiloAddress silo)
    {
        call.Share();
        if (!_silos.TryGetValue(silo, out var peer)) peer = _silos.GetOrAdd(silo, static (address, network) => new Peer(network, address, default), this);
        peer.Send(call);
    }

    /// <inheritdoc/>
    public bool TrySendToClient(Call call, string clientId)
    {
        if (!_clients.TryGetValue(clientId, out var client)) return false;
        call.Share();
        return client.TrySendToClient(call);
    }

    /// <inheritdoc/>
    public void ForgetSilo(SiloAddress silo)
    {
        if (!_silos.TryRemove(silo, out var peer)) return;
        peer.Forget();
        foreach (var connection in ConnectionsOf(peer)) connection.Close(new SiloUnavailableException($"{silo} is no member of the cluster any more."));
    }

    /// <summary>Sends <see cref="PeerNetworkOptions.View"/> to every client that is connected.</summary>
    internal void PublishView()
    {
        if (Options.View?.Invoke() is not { } view) return;
        foreach (var (connection, _) in _connections)
        {
            if (connection.Peer.Silo is null) connection.SendView(view);
        }
    }

    /// <summary>The clients that are connected.</summary>
    internal IReadOnlyCollection<string> ConnectedClients => [.. _clients.Keys];

    /// <summary>The connections as they are now.</summary>
    internal NetworkStatistics Statistics() =>
        new([.. _connections.Select(c => c.Key.Statistics()).OrderBy(c => c.Peer, StringComparer.Ordinal).ThenBy(c => c.Lane)], Volatile.Read(ref _opened), Volatile.Read(ref _failed), Volatile.Read(ref _refused));

    /// <summary>What was counted since this began.</summary>
    internal NetworkTotals Totals()
    {
        lock (_closedLock)
        {
            var all = _connections.Keys.Aggregate(_closed, static (sum, c) => sum.Plus(c.Statistics()));
            return all.Plus(new NetworkTotals(Volatile.Read(ref _opened), Volatile.Read(ref _failed), Volatile.Read(ref _refused), 0, 0, 0, 0, 0, 0));
        }
    }

    /// <summary>Accepted connections whose handshake goes on.</summary>
    internal int PendingHandshakes => _admission.Pending;

    /// <summary>
    /// Accepts no more connections, asks the peers to send no new calls, lets what is in flight end, and closes everything: when that is done, or the time is up. With no time at all it is
    /// as <see cref="Abort"/>.
    /// </summary>
    /// <remarks>
    /// A handshake may have ended just before, so that the peer sends calls already, while the connection is not open here or not even made. Such a one is asked as well: <see cref="PeerConnection.SayGoAway"/> reaches it
    /// before it is open, <see cref="OpenAdopted"/> asks the one that is made later, and this goes on until there is neither a connection nor a handshake. A handshake leaves only after its connection is there, so they
    /// are looked at in this order.
    /// </remarks>
    public async Task StopAsync(TimeSpan timeout)
    {
        if (timeout <= TimeSpan.Zero)
        {
            Abort();
            return;
        }

        await _stopping.CancelAsync();
        foreach (var listener in _listeners) listener.Dispose();
        using var limit = new CancellationTokenSource(timeout, Time);
        while (true)
        {
            var connections = _connections.Select(c => c.Key).ToArray();
            foreach (var connection in connections) connection.SayGoAway(processStops: true);
            await Task.WhenAll(connections.Select(c => c.FinishAsync(limit.Token)));
            if (limit.IsCancellationRequested || (PendingHandshakes == 0 && _connections.IsEmpty)) break;
            // They are cancelled and end at once.
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }

        Abort();
    }

    /// <summary>Closes everything at once, as the end of the process would.</summary>
    internal void Abort()
    {
        _stopping.Cancel();
        Volatile.Write(ref _isAborted, true);
        Interlocked.MemoryBarrier(); // a connection that is made now is seen by the loop below, or sees this
        foreach (var listener in _listeners) listener.Dispose();
        _heartbeat.Dispose();
        foreach (var (connection, _) in _connections) connection.Close(null);
        Watchdog.Dispose();
        TransportMetrics.Remove(this);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        _stopping.Dispose();
    }

    /// <summary>A connection has closed.</summary>
    /// <param name="connection">Which.</param>
    /// <param name="before">The state it was in.</param>
    /// <param name="reason">Why; null when an end hung up.</param>
    /// <param name="calls">How many calls were in flight.</param>
    internal void OnClosed(PeerConnection connection, ConnectionState before, Exception? reason, int calls)
    {
        lock (_closedLock)
        {
            if (_connections.TryRemove(connection, out _)) _closed = _closed.Plus(connection.Statistics());
        }

        var peer = connection.Peer;
        if (reason is FrameException) Log.Broken(peer.Name, reason.Message);
        else if (before != ConnectionState.Connecting) Log.Closed(peer.Name, connection.Lane, PeerConnection.Describe(reason), calls, wasAgreed: before == ConnectionState.Leaving);
        bool last;
        lock (_clients)
        {
            last = peer.Remove(connection);
            if (last && peer.Silo is null) _clients.TryRemove(KeyValuePair.Create(peer.Name, peer));
        }

        // A process can say it is any silo: those that the cluster does not know are not kept.
        if (last && peer.Silo is { } unknown && before != ConnectionState.Connecting && !Process.View.Silos.Any(s => s.Address.Equals(unknown))) _silos.TryRemove(KeyValuePair.Create(unknown, peer));
        if (last && peer.Silo is { } silo && before != ConnectionState.Connecting && !peer.IsStopping) TellLost(silo);
    }

    /// <summary>A silo is lost. What the listener throws is logged: the connection's own work goes on.</summary>
    internal void TellLost(SiloAddress silo)
    {
        try
        {
            Options.OnPeerLost?.Invoke(silo);
        }
        catch (Exception error)
        {
            Log.Unexpected(silo.ToString(), error);
        }
    }

    /// <summary>A silo sent its view. What the listener throws is logged.</summary>
    /// <exception cref="FrameException">It is no view.</exception>
    internal void TellView(SiloAddress silo, byte[] view)
    {
        try
        {
            Options.OnView?.Invoke(silo, view);
        }
        catch (WireFormatException error)
        {
            throw new FrameException($"a view of the cluster that cannot be read: {error.Message}");
        }
        catch (Exception error)
        {
            Log.Unexpected(silo.ToString(), error);
        }
    }

    private IEnumerable<PeerConnection> ConnectionsOf(Peer peer) => _connections.Keys.Where(c => ReferenceEquals(c.Peer, peer));

    /// <summary>
    /// A client's idle connections. One stays in any case, for the views that come over it; those to the gateways of a client with observers are used all the time by its own pings.
    /// </summary>
    private void CloseIdle(long now)
    {
        var open = _connections.Keys.Where(static c => c.State == ConnectionState.Open).Select(c => (Connection: c, Idle: c.Idle(now))).OrderBy(static c => c.Idle).ToArray();
        foreach (var (connection, idle) in open.AsSpan(Math.Min(1, open.Length)))
        {
            if (idle < Options.IdleAfter) continue;
            connection.SayGoAway(processStops: false);
            _ = FinishAsync(connection);
        }
    }

    private async Task FinishAsync(PeerConnection connection)
    {
        using var limit = new CancellationTokenSource(Options.ConnectTimeout, Time);
        await connection.FinishAsync(limit.Token);
    }

    private void CheckAlive()
    {
        var now = Time.GetTimestamp();
        foreach (var (connection, _) in _connections) connection.CheckAlive(now);
        if (Process is not SiloCore && Options.IdleAfter > TimeSpan.Zero) CloseIdle(now);
        _admission.RollWindow();
        if (Tls?.Watch() != true) return;
        foreach (var (connection, _) in _connections) connection.CutIfRevoked(Tls);
    }
}
