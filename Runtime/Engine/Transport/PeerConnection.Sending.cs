using System.Buffers;
using Granary.Calls;
using Granary.Codec;
using Granary.Rpc;
using Orleans.Runtime;

namespace Granary.Engine.Transport;

/// <summary>What goes out.</summary>
internal sealed partial class PeerConnection
{
    /// <summary>Buffers larger than this go back to the pool after use.</summary>
    private const int KeptBuffer = 256 * 1024;

    private enum FlushBy
    {
        /// <summary>Somebody is at it, or will be.</summary>
        Others,

        /// <summary>This thread, at once: nothing else goes on here.</summary>
        Us,

        /// <summary>The thread pool, after what is queued there already: that may add frames.</summary>
        Pool,
    }

    private readonly Lock _output = new();
    private readonly OutgoingInterning _outgoingTypes = new();
    private byte[] _pending;
    private int _pendingLength;
    private byte[]? _sending;
    private int _sendingLength;
    private int _sent; // of _sending; the flusher's
    private byte[]? _spare;
    private bool _flushing;
    private bool _overflowed;
    private long _framesOut;
    private long _bytesOut;
    private TaskCompletionSource? _flushed;

    /// <summary>Sends a call. False when no new calls may be sent here; the call is untouched then. It may have ended when this returns.</summary>
    internal bool TrySend(Call call)
    {
        // What may be sent again keeps its arguments as they are now, whatever the caller does to its objects.
        if (call.Method.IsRepeatable && Peer.Silo is not null) call.IsolateOnce();
        // Before the lock and its fence: a canceller that claims the call unseen by the check below sees the holder.
        call.Holder = this;
        Exception? refused = null;
        var flush = FlushBy.Others;
        bool written;
        var oneWay = call.IsOneWay;
        lock (_output)
        {
            if (_state > ConnectionState.Open) return false;
            written = !call.IsClaimed;
            if (written) refused = WriteRequest(call, oneWay);
            if (written && refused is null) flush = TakeFlush();
        }

        // From here on a call that was written belongs to whoever takes it out of its slot.
        if (refused is not null)
        {
            call.Fail(refused);
            call.ReleaseCallee();
        }
        else if (!written)
        {
            call.ReleaseCallee();
        }
        else if (oneWay)
        {
            call.WithoutResult();
            call.ReleaseCallee();
        }

        Flush(flush);
        return true;
    }

    void ICallHolder.Cancel(Call call)
    {
        if (!_slab.TryTake(call)) return;
        WriteSmall(FrameKind.Cancel, call.Correlation);
        OnTaken();
        call.ReleaseCallee();
    }

    void ICreditCarrier.SendCredits(Call call, int count)
    {
        if (ReferenceEquals(_slab.Find(call.Correlation), call)) WriteSmall(FrameKind.Credit, call.Correlation, (uint)count);
    }

    void IThreadPoolWorkItem.Execute() => Flush(int.MaxValue);

    /// <summary>Completes when what was written before has been given to the socket, or never will be.</summary>
    private Task WhenFlushed()
    {
        lock (_output)
        {
            if (_state == ConnectionState.Closed || (!_flushing && _pendingLength == 0)) return Task.CompletedTask;
            return (_flushed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>[output lock] Encodes a request. Gives the reason when it cannot be sent; nothing has been written then.</summary>
    private Exception? WriteRequest(Call call, bool oneWay)
    {
        if (_pendingLength + _sendingLength > _options.MaxQueuedBytes)
        {
            return new LimitExceededException(
                $"The call {call.Method.FullName} to {Peer.Name} was refused: {_pendingLength + _sendingLength} bytes wait to be sent there and the limit is {_options.MaxQueuedBytes}. The silo is overloaded or the network too slow; call less, or send less.");
        }

        ulong correlation = 0;
        if (!oneWay && (correlation = _slab.Add(call)) == 0)
        {
            return new LimitExceededException($"The call {call.Method.FullName} to {Peer.Name} was refused: {CallSlab.MaxCalls} calls wait for answers on the connection.");
        }

        call.Correlation = correlation;
        var types = _outgoingTypes.Count;
        var w = new WireWriter(_pending, _pendingLength);
        var start = w.Position;
        try
        {
            Frame.Begin(ref w, FrameKind.Request);
            RequestHeader.Write(ref w, call, _outgoingTypes, _process.ClientId);
            call.WriteArguments(ref w);
            var length = Frame.End(ref w, start);
            if (length > _options.MaxFrameBytes) throw TooLarge("request", call, length);
            _pending = w.Buffer;
            _pendingLength = w.Position;
            _framesOut++;
            return null;
        }
        catch (Exception error)
        {
            _pending = w.Buffer;
            if (_outgoingTypes.Count != types) _outgoingTypes.Undo(call.TargetId.Type, call.Method.Interface);
            if (correlation != 0) _slab.TryTake(correlation, out _);
            return error;
        }
    }

    /// <summary>Answers an ended call: its result, or its error.</summary>
    private void WriteOutcome(Call call)
    {
        FlushBy flush;
        lock (_output)
        {
            if (_state == ConnectionState.Closed) return;
            var w = new WireWriter(_pending, _pendingLength);
            var start = w.Position;
            var error = call.Failure ?? TooMuchQueued(call);
            if (error is not null)
            {
                WriteError(ref w, start, call.Correlation, error);
            }
            else
            {
                try
                {
                    Frame.Begin(ref w, FrameKind.Reply);
                    w.WriteVarint(call.Correlation);
                    call.WriteReply(ref w);
                    var length = Frame.End(ref w, start);
                    if (length > _options.MaxFrameBytes) throw TooLarge("result", call, length);
                }
                catch (Exception cause)
                {
                    w = new WireWriter(w.Buffer, start);
                    WriteError(ref w, start, call.Correlation, cause);
                }
            }

            flush = Written(in w);
        }

        Flush(flush);
    }

    /// <summary>Refuses a call that never came to be.</summary>
    private void WriteError(ulong correlation, Exception error)
    {
        if (correlation == 0) return;
        FlushBy flush;
        lock (_output)
        {
            if (_state == ConnectionState.Closed) return;
            var w = new WireWriter(_pending, _pendingLength);
            WriteError(ref w, w.Position, correlation, error);
            flush = Written(in w);
        }

        Flush(flush);
    }

    /// <summary>[output lock]</summary>
    private void WriteError(ref WireWriter w, int start, ulong correlation, Exception error)
    {
        try
        {
            Frame.Begin(ref w, FrameKind.Error);
            w.WriteVarint(correlation);
            ErrorCodec.Write(ref w, error);
            if (Frame.End(ref w, start) <= _options.MaxFrameBytes) return;
            error = new RpcException(StatusCode.Internal, $"The call failed with a {error.GetType()} that is larger than a frame may be.");
        }
        catch (Exception cause)
        {
            // An exception whose own members throw.
            error = new RpcException(StatusCode.Internal, $"The call failed with a {error.GetType()} that cannot be described: {cause.GetType()}.");
        }

        w = new WireWriter(w.Buffer, start);
        Frame.Begin(ref w, FrameKind.Error);
        w.WriteVarint(correlation);
        ErrorCodec.Write(ref w, error);
        Frame.End(ref w, start);
    }

    private void WriteMoved(Call call, SiloAddress? owner, bool placeThere)
    {
        FlushBy flush;
        lock (_output)
        {
            if (_state == ConnectionState.Closed) return;
            var w = new WireWriter(_pending, _pendingLength);
            var start = w.Position;
            try
            {
                Frame.Begin(ref w, FrameKind.Moved);
                w.WriteVarint(call.Correlation);
                w.WriteBool(placeThere);
                w.WriteString(owner?.ToParsableString() ?? "");
                call.WriteArguments(ref w);
                var length = Frame.End(ref w, start);
                if (length > _options.MaxFrameBytes) throw TooLarge("request", call, length);
            }
            catch (Exception cause)
            {
                w = new WireWriter(w.Buffer, start);
                WriteError(ref w, start, call.Correlation, cause);
            }

            flush = Written(in w);
        }

        Flush(flush);
    }

    private bool WriteItem(Call call, StreamItemWriter item)
    {
        FlushBy flush;
        lock (_output)
        {
            if (_state == ConnectionState.Closed) return false;
            var w = new WireWriter(_pending, _pendingLength);
            var start = w.Position;
            try
            {
                Frame.Begin(ref w, FrameKind.StreamItem);
                w.WriteVarint(call.Correlation);
                item(call, ref w);
                var length = Frame.End(ref w, start);
                if (length > _options.MaxFrameBytes) throw TooLarge("item", call, length);
            }
            catch
            {
                // Ends the stream on the producer's side, and that end reaches the consumer.
                _pending = w.Buffer;
                throw;
            }

            flush = Written(in w);
        }

        Flush(flush);
        return true;
    }

    internal void SendView(byte[] view)
    {
        FlushBy flush;
        lock (_output)
        {
            if (_state == ConnectionState.Closed) return;
            var w = new WireWriter(_pending, _pendingLength);
            var start = Frame.Begin(ref w, FrameKind.View);
            w.WriteRaw(view);
            Frame.End(ref w, start);
            flush = Written(in w);
        }

        Flush(flush);
    }

    private void WriteSmall(FrameKind kind, ulong? first = null, uint? second = null)
    {
        FlushBy flush;
        lock (_output)
        {
            if (_state == ConnectionState.Closed) return;
            var w = new WireWriter(_pending, _pendingLength);
            var start = Frame.Begin(ref w, kind);
            if (first is { } f) w.WriteVarint(f);
            if (second is { } s) w.WriteVarint32(s);
            Frame.End(ref w, start);
            flush = Written(in w);
        }

        Flush(flush);
    }

    /// <summary>[output lock] Why a result is not sent: a peer that calls and does not read would otherwise fill the memory with results.</summary>
    private LimitExceededException? TooMuchQueued(Call call) => _pendingLength + _sendingLength <= _options.MaxQueuedBytes
        ? null
        : new LimitExceededException(
            $"The result of {call.Method.FullName} was dropped: {_pendingLength + _sendingLength} bytes wait to be sent to {Peer.Name} and the limit is {_options.MaxQueuedBytes}. The caller reads too slowly, or asks for too much at a time.");

    /// <summary>[output lock] Takes in what has been written.</summary>
    private FlushBy Written(in WireWriter w)
    {
        _pending = w.Buffer;
        _pendingLength = w.Position;
        _framesOut++;
        if (_pendingLength - _options.MaxQueuedBytes > _options.MaxQueuedBytes && !_overflowed)
        {
            // Not even small answers, items that it asked for and pongs are taken any more.
            _overflowed = true;
            ThreadPool.UnsafeQueueUserWorkItem(static c => c.Close(new FrameException($"it does not read what it asked for: more than {c._options.MaxQueuedBytes * 2L} bytes wait to be sent")), this, preferLocal: false);
        }

        return TakeFlush();
    }

    private LimitExceededException TooLarge(string what, Call call, int bytes) =>
        new($"The {what} of {call.Method.FullName} takes {bytes} bytes and the limit between processes is {_options.MaxFrameBytes}. Send less at a time, or a stream.");

    /// <summary>[output lock] Who gives what has gathered to the socket.</summary>
    private FlushBy TakeFlush()
    {
        if (_flushing) return FlushBy.Others;
        _flushing = true;
        return _slab.Count + _inbound.Count <= 1 ? FlushBy.Us : FlushBy.Pool;
    }

    private void Flush(FlushBy by)
    {
        if (by == FlushBy.Us) Flush(1);
        else if (by == FlushBy.Pool) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>As the flusher: gives the socket what has gathered, so many times at most; then the pool goes on.</summary>
    private void Flush(int rounds)
    {
        while (true)
        {
            byte[] buffer;
            int length;
            TaskCompletionSource? flushed = null;
            lock (_output)
            {
                TakeBack();
                if (_state == ConnectionState.Closed) return;
                if (_pendingLength == 0)
                {
                    _flushing = false;
                    (flushed, _flushed) = (_flushed, null);
                    buffer = [];
                    length = 0;
                }
                else
                {
                    if (rounds-- == 0)
                    {
                        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                        return;
                    }

                    buffer = _pending;
                    length = _pendingLength;
                    _pending = _spare ?? ArrayPool<byte>.Shared.Rent(UsualBuffer);
                    _spare = null;
                    _pendingLength = 0;
                    _sending = buffer;
                    _sendingLength = length;
                    _sent = 0;
                }
            }

            if (length == 0)
            {
                flushed?.TrySetResult();
                return;
            }

            try
            {
                while (_sent < length)
                {
                    var taken = _socket!.TrySend(buffer.AsSpan(_sent, length - _sent));
                    if (taken >= 0)
                    {
                        _sent += taken;
                        continue;
                    }

                    var rest = SendRestAsync(buffer, length);
                    if (!rest.IsCompleted)
                    {
                        _ = FlushAfterAsync(rest);
                        return;
                    }

                    // Here and not from there: a connection that never waits would nest ever deeper.
                    if (!rest.Result) return;
                }
            }
            catch (Exception error)
            {
                Close(error);
                return;
            }
        }
    }

    /// <summary>The socket takes no more now: waits, without a thread.</summary>
    /// <returns>False when the connection has closed.</returns>
    private async Task<bool> SendRestAsync(byte[] buffer, int length)
    {
        try
        {
            var sent = _sent;
            _sent = length; // how much of it goes out is not known while it waits: all may
            while (sent < length) sent += await _socket!.SendAsync(buffer.AsMemory(sent, length - sent)).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            Close(error);
            return false;
        }

        return true;
    }

    private async Task FlushAfterAsync(Task<bool> rest)
    {
        if (await rest.ConfigureAwait(false)) Flush(int.MaxValue);
    }

    /// <summary>[output lock] The buffer that has been written is free again.</summary>
    private void TakeBack()
    {
        if (_sending is not { } buffer) return;
        _bytesOut += _sendingLength;
        _sending = null;
        _sendingLength = 0;
        if (_spare is null && buffer.Length <= KeptBuffer) _spare = buffer;
        else ArrayPool<byte>.Shared.Return(buffer);
    }
}
