using System.Buffers;
using Granary.Calls;
using Granary.Engine.Activations;
using Orleans.Runtime;

namespace Granary.Engine.Transport;

/// <summary>Where a connection is in its life. It only moves forward; under the output lock.</summary>
internal enum ConnectionState
{
    /// <summary>Being dialled; frames gather.</summary>
    Connecting,

    /// <summary>Calls go both ways.</summary>
    Open,

    /// <summary>One end has said GoAway, or will as soon as the connection is open: no new calls from here; what is in flight ends as usual.</summary>
    Leaving,

    Closed,
}

/// <summary>
/// One connection between two processes. Calls go both ways over it, many at a time, each answered when it is ready.
/// (Sending: <c>PeerConnection.Sending.cs</c>; the read loop: <c>.Receiving.cs</c>; what frames mean: <c>.Frames.cs</c>; opening and closing: <c>.Lifetime.cs</c>.)
/// </summary>
/// <remarks>
/// Who may touch what:
/// <code>
///   output lock   _state, _pending, _flushing, interning of what goes out, adding to the slab. Held while one frame is encoded, never while anything waits.
///   the flusher   whoever moved _flushing from false to true; takes what has gathered and gives it to the socket, until nothing is left. So frames that come during a write go
///                 out together with the next one.
///   the reader    whoever has the read loop: input buffer, interning of what comes in, _corked. It may be taken over while it runs user code, see LoopWatchdog.
///   a slot's taker  the call in it, see CallSlab.
/// </code>
/// A frame that is in neither <c>_pending</c> nor (past what the socket has taken) <c>_sending</c> may have reached the peer; one that is there has not, and its call can go elsewhere.
/// Budget of a call: no allocation.
/// </remarks>
internal sealed partial class PeerConnection : CallSink, ICallHolder, ICreditCarrier, IThreadPoolWorkItem
{
    private const int UsualBuffer = 64 * 1024;

    private readonly PeerNetwork _network;
    private readonly PeerNetworkOptions _options;
    private readonly ProcessCore _process;
    private readonly TransportLog _log;
    private readonly CallSlab _slab = new();
    private readonly InboundCalls _inbound = new();
    private ConnectionState _state;
    private PeerSocket? _socket;
    private DateTimeOffset _openedAt;

    /// <param name="network">Whose connection this is.</param>
    /// <param name="peer">The other end, as far as it is known.</param>
    /// <param name="lane">Which of the connections to the peer.</param>
    internal PeerConnection(PeerNetwork network, Peer peer, int lane)
    {
        _network = network;
        _options = network.Options;
        _process = network.Process;
        _log = network.Log;
        _onReceived = OnReceived;
        _incomingTypes = new IncomingInterning(_process.Types.FindInterface);
        Peer = peer;
        Lane = lane;
        _pending = ArrayPool<byte>.Shared.Rent(UsualBuffer);
        _flushing = true; // by whoever opens it
    }

    /// <summary>The other end.</summary>
    internal Peer Peer { get; }

    internal int Lane { get; }

    internal override SiloAddress? PeerSilo => Peer.Silo;

    internal ConnectionState State => (ConnectionState)Volatile.Read(ref System.Runtime.CompilerServices.Unsafe.As<ConnectionState, int>(ref _state));

    /// <summary>Calls sent and not answered.</summary>
    internal int InFlight => _slab.Count;

    /// <summary>Calls received and not ended.</summary>
    internal int InProgress => _inbound.Count;

    internal override TimingWheel Deadlines => _process.Deadlines;

    internal ConnectionStatistics Statistics()
    {
        lock (_output)
        {
            return new ConnectionStatistics(
                Peer.Name, Peer.Silo is null, Lane, _state.ToString(), _openedAt, _slab.Added, _callsIn, _slab.Count, _inbound.Count, _framesOut, _framesIn, _bytesOut, _bytesIn, _pendingLength + _sendingLength);
        }
    }

    internal override void OnCompleted(Call call)
    {
        if (call.Correlation == 0) return;
        _inbound.Remove(call);
        WriteOutcome(call);
    }

    internal override bool OnItem(Call call, StreamItemWriter item) => WriteItem(call, item);

    internal override void OnMoved(Call call, SiloAddress? owner, bool placeThere)
    {
        if (call.Correlation == 0)
        {
            Forward(call, owner, placeThere);
            return;
        }

        if (call.TryTake())
        {
            _inbound.Remove(call);
            WriteMoved(call, owner, placeThere);
        }

        call.ReleaseCallee();
    }

    internal override void CancelHere(Call call)
    {
        switch (call.Holder)
        {
            case Activation activation: activation.CancelOnTurn(call); break;
            case ICallHolder holder: holder.Cancel(call); break;
        }
    }

    /// <summary>A one-way call has nobody to go back to: this process sends it on itself.</summary>
    private void Forward(Call call, SiloAddress? owner, bool placeThere)
    {
        call.Sink = null;
        call.Router = _process.Router;
        call.Share();
        if (owner is null)
        {
            _process.Router.SendOn(call, null);
            return;
        }

        if (++call.Hops > Routing.GrainRouter.MaxHops)
        {
            _log.Dropped(call.Method.FullName, $"it was sent on {Routing.GrainRouter.MaxHops} times and found its grain nowhere.");
            call.TryTake();
            call.ReleaseCallee();
            return;
        }

        call.PlaceHere = placeThere;
        _process.Network.Send(call, owner);
    }
}
