using Granary.Calls;
using Orleans.Runtime;

namespace Granary.Engine.Transport;

/// <summary>
/// Another process: its connections, one a lane. A silo's are dialled when there is something to send, and again after they end; a client's are what the client dials. Thread-safe.
/// </summary>
internal sealed class Peer
{
    private readonly PeerNetwork _network;
    private readonly Lock _lock = new();
    private readonly PeerConnection?[] _lanes;
    private Backoff _backoff;
    private long _retryAt;
    private Exception? _lastFailure;
    private bool _stopping;
    private bool _forgotten;

    /// <param name="network">The network this is a peer in.</param>
    /// <param name="silo">The silo; null for a client.</param>
    /// <param name="id">The source of the calls that no grain of the process makes, as far as it is known.</param>
    internal Peer(PeerNetwork network, SiloAddress? silo, GrainId id)
    {
        _network = network;
        _backoff = new Backoff((int)network.Options.Backoff.TotalMilliseconds, (int)network.Options.MaxBackoff.TotalMilliseconds);
        _lanes = new PeerConnection?[silo is null ? 64 : network.Options.Lanes];
        Silo = silo;
        Id = id;
        Name = silo?.ToString() ?? id.Key.ToString();
    }

    /// <summary>The silo; null for a client.</summary>
    internal SiloAddress? Silo { get; }

    /// <summary>The source of the calls that no grain of the process makes.</summary>
    internal GrainId Id { get; private set; }

    /// <summary>For logs and errors.</summary>
    internal string Name { get; }

    /// <summary>It has said that it stops; that was told when it did.</summary>
    internal bool IsStopping
    {
        get
        {
            lock (_lock) return _stopping;
        }
    }

    /// <summary>Sends a call on its grain's lane. It goes back to the router when that cannot be done.</summary>
    internal void Send(Call call)
    {
        var lane = (int)(Spread(call.TargetId.GetUniformHashCode()) % (uint)_lanes.Length);
        if (Volatile.Read(ref _lanes[lane]) is { } connection && connection.TrySend(call)) return;
        SendSlowly(call, lane);
    }

    /// <summary>To a client, over any connection it has: always the same while that one lasts, so that its calls keep their order. False when it has none.</summary>
    internal bool TrySendToClient(Call call)
    {
        for (var lane = 0; lane < _lanes.Length; lane++)
        {
            if (Volatile.Read(ref _lanes[lane]) is { } connection && connection.TrySend(call)) return true;
        }

        return false;
    }

    /// <summary>Takes a connection that the peer has dialled, if the lane has none.</summary>
    internal void Adopt(PeerConnection connection, PeerIdentity identity)
    {
        lock (_lock)
        {
            Id = identity.Id;
            ref var lane = ref _lanes[connection.Lane % _lanes.Length];
            if (lane is null || lane.State > ConnectionState.Open) Volatile.Write(ref lane, connection);
        }
    }

    /// <summary>Whether it is one of the connections that calls are sent on.</summary>
    internal bool Uses(PeerConnection connection)
    {
        lock (_lock) return _lanes.Contains(connection);
    }

    /// <summary>A connection was opened to it.</summary>
    internal void OnConnected(PeerIdentity identity)
    {
        lock (_lock)
        {
            Id = identity.Id;
            _backoff.Reset();
            _lastFailure = null;
        }
    }

    /// <summary>It could not be reached: for a while nobody tries again.</summary>
    internal void OnConnectFailed(Exception error)
    {
        lock (_lock)
        {
            _lastFailure = error;
            _retryAt = _network.Time.GetTimestamp() + (long)(_backoff.Next().TotalSeconds * _network.Time.TimestampFrequency);
        }
    }

    /// <summary>It says that it stops: new calls go elsewhere.</summary>
    internal void OnStopping()
    {
        lock (_lock)
        {
            if (_stopping) return;
            _stopping = true;
        }

        if (Silo is { } silo) _network.TellLost(silo);
    }

    /// <summary>The cluster has declared it dead: its connections end, and none is opened again.</summary>
    internal void Forget()
    {
        lock (_lock) _forgotten = true;
    }

    /// <summary>Forgets an ended connection. True when it was the last.</summary>
    internal bool Remove(PeerConnection connection)
    {
        lock (_lock)
        {
            var mine = false;
            var others = false;
            foreach (ref var lane in _lanes.AsSpan())
            {
                if (ReferenceEquals(lane, connection))
                {
                    Volatile.Write(ref lane, null);
                    mine = true;
                }
                else
                {
                    others |= lane is not null;
                }
            }

            return mine && !others;
        }
    }

    private void SendSlowly(Call call, int lane)
    {
        for (var attempt = 0; attempt < 3; attempt++)
        {
            PeerConnection? connection;
            Exception? unreachable;
            var dial = false;
            lock (_lock)
            {
                connection = _lanes[lane];
                unreachable = null;
                if (connection is null || connection.State > ConnectionState.Open)
                {
                    unreachable = WhyNot();
                    if (unreachable is null)
                    {
                        connection = new PeerConnection(_network, this, lane);
                        Volatile.Write(ref _lanes[lane], connection);
                        dial = true;
                    }
                }
            }

            if (unreachable is not null)
            {
                _network.Process.Router.OnUnsent(call, Silo!, unreachable);
                return;
            }

            if (dial) _network.Dial(connection!);
            if (connection!.TrySend(call)) return;
        }

        _network.Process.Router.OnUnsent(call, Silo!, _lastFailure ?? new SiloUnavailableException($"The connections to {Name} end as soon as they begin."));
    }

    /// <summary>[lock] Why no connection may be opened now; null when one may.</summary>
    private Exception? WhyNot()
    {
        if (_network.IsStopping) return new SiloUnavailableException("This process stops and opens no more connections.");
        if (_forgotten) return new SiloUnavailableException($"{Name} is no member of the cluster any more.");
        if (_stopping) return new SiloUnavailableException($"{Name} stops and takes no more calls.");
        return _lastFailure is not null && _network.Time.GetTimestamp() < _retryAt ? _lastFailure : null;
    }

    /// <summary>The low bits of a grain's hash are what its table uses; others choose the lane.</summary>
    private static uint Spread(uint hash) => (hash * 0x9E3779B1) >> 16;
}
