using System.Net.Sockets;
using Granary.Calls;
using Granary.Codec;
using Orleans.Runtime;

namespace Granary.Engine.Transport;

/// <summary>Opening, keeping alive and closing.</summary>
internal sealed partial class PeerConnection
{
    /// <summary>How often a call that may run twice is sent again when the connection it is in flight on breaks.</summary>
    private const int MaxRepeats = 2;

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _goAwayHeard = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _answered;
    private long _heardBytes;
    private long _heardAt;
    private long _pingedAt;
    private long _seenCalls;
    private long _usedAt;

    /// <summary>The handshake is done. False when the connection was closed meanwhile; the socket is closed too then.</summary>
    internal bool Open(PeerSocket socket)
    {
        lock (_output)
        {
            if (_state == ConnectionState.Closed)
            {
                socket.Dispose();
                return false;
            }

            _openedAt = _network.Time.GetUtcNow();
            _heardAt = _network.Time.GetTimestamp();
            _pingedAt = _heardAt;
            _usedAt = _heardAt;
            // After the times: the heartbeat looks at them without the lock once there is a socket.
            Volatile.Write(ref _socket, socket);
            // One that was told to leave while it was being opened has its GoAway among what is flushed below.
            if (_state == ConnectionState.Connecting) _state = ConnectionState.Open;
        }

        ThreadPool.UnsafeQueueUserWorkItem(static connection => connection.Receive(), this, preferLocal: false);
        Flush(int.MaxValue);
        return true;
    }

    /// <summary>Looks whether the peer is still there: asks when it has been silent for long, gives up when it stays so.</summary>
    internal void CheckAlive(long now)
    {
        if (Volatile.Read(ref _socket) is null || State == ConnectionState.Closed) return;
        var heard = Volatile.Read(ref _bytesIn);
        if (heard != _heardBytes)
        {
            _heardBytes = heard;
            _heardAt = now;
            return;
        }

        var silence = _network.Time.GetElapsedTime(_heardAt, now);
        if (silence >= _options.DeadAfter)
        {
            Close(new TimeoutException($"Nothing was heard for {silence.TotalSeconds:0.0} s."));
        }
        else if (silence >= _options.PingAfter && _network.Time.GetElapsedTime(_pingedAt, now) >= _options.PingAfter)
        {
            _pingedAt = now;
            WriteSmall(FrameKind.Ping);
        }
    }

    /// <summary>Ends the connection when the other end's certificate has been revoked since the handshake.</summary>
    internal void CutIfRevoked(PeerTls tls)
    {
        if (_socket?.PeerIdentity is not { } identity || !tls.IsRevoked(identity)) return;
        if (State != ConnectionState.Closed) _log.Revoked(Peer.Name, identity.Subject);
        Close(new HandshakeException($"The certificate of {Peer.Name} ({identity.Subject}) has been revoked."));
    }

    /// <summary>For how long nothing has been called over it either way; zero while something is in flight. For the heartbeat.</summary>
    internal TimeSpan Idle(long now)
    {
        var calls = _slab.Added + Volatile.Read(ref _callsIn);
        if (calls != _seenCalls || InFlight > 0 || InProgress > 0)
        {
            _seenCalls = calls;
            _usedAt = now;
        }

        return _network.Time.GetElapsedTime(_usedAt, now);
    }

    /// <summary>Asks the peer to send no new calls, and sends none. While it is still being opened the peer is asked as soon as it is open: it may have sent calls by then.</summary>
    internal void SayGoAway(bool processStops)
    {
        lock (_output)
        {
            if (_state > ConnectionState.Open) return;
            _state = ConnectionState.Leaving;
        }

        WriteSmall(FrameKind.GoAway, processStops ? 1UL : 0UL);
    }

    /// <summary>After <see cref="SayGoAway"/>: waits for what is in flight and closes. Cut short by the token.</summary>
    internal async Task FinishAsync(CancellationToken cancellation)
    {
        try
        {
            if (State == ConnectionState.Leaving)
            {
                // Calls that the peer sent before it heard have come by the time it says so.
                await Task.WhenAny(_goAwayHeard.Task, Ended).WaitAsync(cancellation).ConfigureAwait(false);
                await _inbound.WhenEmpty().WaitAsync(cancellation).ConfigureAwait(false);
                await WhenAnswered().WaitAsync(cancellation).ConfigureAwait(false);
                await WhenFlushed().WaitAsync(cancellation).ConfigureAwait(false);
            }

            _socket?.EndSending();
            // What the peer still sends must be read, or closing would throw away what we sent.
            await Ended.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The time is up.
        }

        Close(null);
    }

    /// <summary>Completes when the connection has closed.</summary>
    internal Task Ended => _ended.Task;

    /// <summary>Completes when no call that was sent waits for its answer. After no more are sent.</summary>
    private Task WhenAnswered()
    {
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _answered, answered);
        Interlocked.MemoryBarrier(); // whoever takes the last call sees this, or is seen by the next line
        if (_slab.Count == 0) answered.TrySetResult();
        return Task.WhenAny(answered.Task, Ended);
    }

    private void OnTaken()
    {
        if (Volatile.Read(ref _answered) is { } answered && _slab.Count == 0) answered.TrySetResult();
    }

    private void OnGoAway(bool processStops)
    {
        lock (_output)
        {
            if (_state == ConnectionState.Open) _state = ConnectionState.Leaving;
        }

        WriteSmall(FrameKind.GoAwayHeard);
        if (processStops) Peer.OnStopping();
    }

    /// <summary>Ends the connection and every call on it. Any thread; the first one does it.</summary>
    /// <param name="reason">Why; null when an end hung up or the process stops.</param>
    internal void Close(Exception? reason)
    {
        byte[]? sending;
        int sendingLength, sent, pendingLength;
        byte[] pending;
        ConnectionState before;
        TaskCompletionSource? flushed;
        lock (_output)
        {
            if (_state == ConnectionState.Closed) return;
            before = _state;
            _state = ConnectionState.Closed;
            (sending, sendingLength, sent) = (_sending, _sendingLength, _sent);
            (pending, pendingLength) = (_pending, _pendingLength);
            (flushed, _flushed) = (_flushed, null);
        }

        _socket?.Dispose();
        flushed?.TrySetResult();
        _inbound.Close();

        // Outstanding calls: what was not sent may go elsewhere.
        var unsent = new UnsentFrames();
        if (sending is not null) unsent.Add(sending.AsMemory(0, sendingLength), sent);
        unsent.Add(pending.AsMemory(0, pendingLength), 0);
        var calls = _slab.TakeAll();
        _network.OnClosed(this, before, reason, calls.Count);
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(HopContext.Instance);
        foreach (var (correlation, call) in calls)
        {
            try
            {
                if (unsent.TryFind(correlation, out var frame)) SendOn(call, frame, reason);
                else if (MayRepeat(call)) Repeat(call, reason);
                else End(call, reason);
            }
            catch (Exception error)
            {
                _log.Unexpected(Peer.Name, error);
                call.Fail(new SiloUnavailableException($"The connection to {Peer.Name} was lost: {error.Message}"));
            }
        }

        SendOnOneWay(unsent.OneWay, reason);
        SynchronizationContext.SetSynchronizationContext(context);
        _ended.TrySetResult();
    }

    private void SendOn(Call call, ReadOnlyMemory<byte> frame, Exception? reason)
    {
        if (Peer.Silo is not { } silo)
        {
            End(call, reason);
            return;
        }

        var r = new WireReader(frame.Span);
        r.ReadVarint32(); // the kind
        if (!TryRestoreArguments(call, frame.Span[RequestHeader.Read(ref r, null).Body..])) return;
        _process.Router.OnUnsent(call, silo, reason ?? new SiloUnavailableException($"{Peer.Name} hung up."));
    }

    /// <summary>One-way calls are over for whoever made them: they are made again from what was not sent.</summary>
    private void SendOnOneWay(IReadOnlyList<ReadOnlyMemory<byte>> frames, Exception? reason)
    {
        if (frames.Count == 0) return;
        if (Peer.Silo is not { } silo || _network.IsStopping)
        {
            _log.Dropped($"({frames.Count} of them)", $"{Peer.Name} could not be reached.");
            return;
        }

        var types = _outgoingTypes.ToReader();
        foreach (var frame in frames)
        {
            try
            {
                SendOnOneWay(frame.Span, types, silo, reason);
            }
            catch (Exception error)
            {
                _log.Dropped("(one of them)", $"{Peer.Name} could not be reached, and the call could not be made again: {error.Message}");
            }
        }
    }

    private void SendOnOneWay(ReadOnlySpan<byte> frame, IncomingInterning types, SiloAddress silo, Exception? reason)
    {
        var r = new WireReader(frame);
        r.ReadVarint32(); // the kind
        var header = RequestHeader.Read(ref r, types);
        var method = header.Target.Interface!.FindMethod(header.MethodId)!;
        if (method.HasStreamArgument)
        {
            _log.Dropped(method.FullName, $"{Peer.Name} could not be reached, and a stream cannot be read twice.");
            return;
        }

        var call = method.CreateCall();
        var arguments = new WireReader(frame[header.Body..]);
        using (ReferenceCodec.Reading(_process.Router)) call.ReadArguments(ref arguments);
        call.ArgumentsAreOurs = true;
        call.TargetId = IdOf(header.Target.GrainType, header.Key);
        call.SourceId = header.HasSource ? IdOf(new GrainType(header.SourceType.ToArray()), header.SourceKey) : _process.ClientId;
        call.Deadline = header.Deadline;
        call.DeadlineIsExplicit = header.DeadlineIsExplicit;
        call.Hops = header.Hops;
        call.TraceParent = header.Trace;
        call.Context = header.Context;
        call.Router = _process.Router;
        call.WithoutCaller();
        call.Share();
        _process.Router.OnUnsent(call, silo, reason ?? new SiloUnavailableException($"{Peer.Name} hung up."));
    }

    private static GrainId IdOf(GrainType type, ReadOnlySpan<byte> key) => GrainId.Create(type, IdSpan.UnsafeCreate(key.ToArray(), (int)Orleans.StableHash.ComputeHash(key)));

    /// <summary>Whether a call that may have run may run again.</summary>
    private bool MayRepeat(Call call) => call.Method.IsRepeatable && call.Repeats < MaxRepeats && Peer.Silo is not null && !_network.IsStopping;

    private void Repeat(Call call, Exception? reason)
    {
        call.Repeats++;
        _process.Router.OnUnsent(call, Peer.Silo!, reason ?? new SiloUnavailableException($"{Peer.Name} hung up."));
    }

    private void End(Call call, Exception? reason)
    {
        if (Peer.Silo is null)
        {
            call.Fail(new ClientNotAvailableException(call.TargetId));
        }
        else
        {
            call.Fail(new SiloUnavailableException(
                $"The connection to {Peer.Name} was lost while the call {call.Method.FullName} was in flight; whether it ran is not known.{(reason is null ? "" : " " + reason.Message)}"));
        }

        call.ReleaseCallee();
    }

    /// <summary>What is said of a closed connection in the log.</summary>
    internal static string Describe(Exception? reason) => reason switch
    {
        null => "An end hung up.",
        IOException { InnerException: SocketException socket } => $"{socket.SocketErrorCode}: {socket.Message}",
        SocketException socket => $"{socket.SocketErrorCode}: {socket.Message}",
        ObjectDisposedException => "It was closed here.",
        _ => reason.Message,
    };
}
