using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Granary.Gateway.WebSockets;

/// <summary>
/// The server's side of a WebSocket (RFC 6455) that carries texts. Our own rather than <see cref="System.Net.WebSockets.WebSocket"/> for three things: a peer is not taken for dead while it is we who do not read
/// (back-pressure), many small messages go out in one write, and an idle connection holds no buffer.
/// One reader; any number of senders. States: open -> closing (either side has sent its close frame) -> ended. <see cref="Ended"/> fires when it is no longer open, since calls have nobody to answer from then on.
/// </summary>
internal sealed class WebSocketConnection : IAsyncDisposable
{
    private const int FlushAt = 16 * 1024;
    private const int MaxReasonBytes = 123;
    private const byte TextFrame = 0x81;
    private const byte CloseFrame = 0x88;
    private const byte PingFrame = 0x89;
    private const byte PongFrame = 0x8A;

    /// <summary>How long the peer has to answer our close frame.</summary>
    private static readonly TimeSpan CloseWait = TimeSpan.FromSeconds(2);

    private readonly HttpContext _context;
    private readonly TimeProvider _time;
    private readonly TimeSpan _stallLimit;
    private readonly PipeReader _input;
    private readonly PipeWriter _output;
    private readonly FrameReader _frames;
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly CancellationTokenSource _ended = new();
    private readonly ITimer _watch;
    private ITimer? _closing;
    private int _waiting;
    private int _unflushed;
    private bool _closeSent;
    private volatile bool _gone;
    private volatile bool _reading;
    private long _heard;
    private long _pinged;
    private long _partialSince;

    public WebSocketConnection(HttpContext context, Stream stream, GatewayOptions options, TimeProvider time)
    {
        _context = context;
        _time = time;
        var keepAlive = options.WebSockets.KeepAlive;
        _stallLimit = options.Streams.StallLimit;
        _frames = new FrameReader(options.Limits.BodyBytes);
        _input = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true, useZeroByteReads: true));
        _output = PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: FlushAt, leaveOpen: true));
        _heard = time.GetTimestamp();
        using (ExecutionContext.SuppressFlow()) _watch = time.CreateTimer(static connection => ((WebSocketConnection)connection!).Look(), this, keepAlive, keepAlive);
    }

    /// <summary>Fires when there is nobody left to answer.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>The text read last; valid until the next <see cref="ReadAsync"/>.</summary>
    public ReadOnlyMemory<byte> Message => _frames.Message;

    /// <summary>Waits for the next text. False at the end of the connection, however it came about. Texts that come after our close frame are dropped.</summary>
    public async ValueTask<bool> ReadAsync()
    {
        while (!_gone)
        {
            ReadResult read;
            try
            {
                Volatile.Write(ref _heard, _time.GetTimestamp());
                _reading = true;
                read = await _input.ReadAsync();
            }
            catch (Exception broken) when (broken is IOException or OperationCanceledException or ObjectDisposedException)
            {
                break;
            }
            finally
            {
                _reading = false;
            }

            var rest = read.Buffer;
            var found = _frames.Read(ref rest);
            _input.AdvanceTo(rest.Start, found == FrameEvent.None ? rest.End : rest.Start);
            if (!_frames.IsPartial) Volatile.Write(ref _partialSince, 0);
            else if (Volatile.Read(ref _partialSince) == 0) Volatile.Write(ref _partialSince, _time.GetTimestamp());
            switch (found)
            {
                case FrameEvent.Message when !_closeSent:
                    return true;
                case FrameEvent.Ping:
                    await SendAsync(PongFrame, _frames.Control, flush: true);
                    break;
                case FrameEvent.Close:
                    await CloseAsync(_frames.Code, "");
                    End();
                    return false;
                case FrameEvent.Fault:
                    await CloseAsync(_frames.Code, _frames.Problem);
                    await DrainAsync();
                    End();
                    return false;
                case FrameEvent.None when read.IsCompleted:
                    End();
                    return false;
            }
        }

        End();
        return false;
    }

    /// <summary>Sends a text; its bytes are free when this returns. Waiting is the back-pressure; who takes nothing for the stall limit is cut.</summary>
    /// <param name="message">JSON in UTF-8.</param>
    /// <param name="flush">Whether it must go out now; otherwise with what follows, or by <see cref="FlushAsync"/>.</param>
    /// <returns>False when there is nobody left to send to.</returns>
    public ValueTask<bool> SendAsync(ReadOnlyMemory<byte> message, bool flush = true) => SendAsync(TextFrame, message, flush);

    /// <summary>Sends what waits.</summary>
    public async ValueTask<bool> FlushAsync()
    {
        await EnterAsync();
        try
        {
            return !_gone && await FlushOutputAsync();
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Sends the close frame, once; afterwards nothing is sent. The reader goes on until the peer has answered, which it has a moment for.</summary>
    public async ValueTask CloseAsync(int code, string reason)
    {
        await EnterAsync();
        try
        {
            if (_closeSent || _gone) return;
            _closeSent = true;
            var payload = new byte[2 + MaxReasonBytes];
            BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
            Encoding.UTF8.GetEncoder().Convert(reason, payload.AsSpan(2), flush: true, out _, out var length, out _);
            Write(CloseFrame, payload.AsSpan(0, 2 + length));
            await FlushOutputAsync();
            using (ExecutionContext.SuppressFlow()) _closing = _time.CreateTimer(static connection => ((WebSocketConnection)connection!).Abort(), this, CloseWait, Timeout.InfiniteTimeSpan);
        }
        finally
        {
            _sending.Release();
        }

        _ = _ended.CancelAsync();
    }

    /// <summary>Cuts the connection.</summary>
    public void Abort()
    {
        End();
        _context.Abort();
    }

    /// <summary>When nobody reads and nobody sends any more.</summary>
    public async ValueTask DisposeAsync()
    {
        End();
        await _watch.DisposeAsync();
        if (_closing is not null) await _closing.DisposeAsync();

        // A ping may be on its way.
        await _sending.WaitAsync();
        _frames.Dispose();
        try
        {
            await _input.CompleteAsync();
            await _output.CompleteAsync();
        }
        catch (Exception broken) when (broken is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // What waited in the output has nobody to go to.
        }
    }

    private void End()
    {
        if (_gone) return;
        _gone = true;
        _ = _ended.CancelAsync();
    }

    private async ValueTask<bool> SendAsync(byte head, ReadOnlyMemory<byte> payload, bool flush)
    {
        var others = await EnterAsync();
        try
        {
            if (_closeSent || _gone) return false;
            Write(head, payload.Span);

            // Who waits for the lock flushes, or leaves it to the next: many answers at once are one write.
            return (flush && !others) || _unflushed >= FlushAt ? await FlushOutputAsync() : true;
        }
        finally
        {
            _sending.Release();
        }
    }

    // True when others wait for the lock.
    private async ValueTask<bool> EnterAsync()
    {
        Interlocked.Increment(ref _waiting);
        await _sending.WaitAsync();
        return Interlocked.Decrement(ref _waiting) > 0;
    }

    private void Write(byte head, ReadOnlySpan<byte> payload)
    {
        const int MostHead = 10;
        var span = _output.GetSpan(MostHead + payload.Length);
        span[0] = head;
        int size;
        if (payload.Length < 126)
        {
            span[1] = (byte)payload.Length;
            size = 2;
        }
        else if (payload.Length <= ushort.MaxValue)
        {
            span[1] = 126;
            BinaryPrimitives.WriteUInt16BigEndian(span[2..], (ushort)payload.Length);
            size = 4;
        }
        else
        {
            span[1] = 127;
            BinaryPrimitives.WriteInt64BigEndian(span[2..], payload.Length);
            size = MostHead;
        }

        payload.CopyTo(span[size..]);
        _output.Advance(size + payload.Length);
        _unflushed += size + payload.Length;
    }

    // Within the lock.
    private async ValueTask<bool> FlushOutputAsync()
    {
        if (_unflushed == 0) return true;
        _unflushed = 0;
        try
        {
            var flush = _output.FlushAsync();
            if (flush.IsCompleted) return !(await flush).IsCompleted;
            var flushing = flush.AsTask();
            await ((Task)flushing).WaitAsync(_stallLimit, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!flushing.IsCompleted) Abort();
            return !(await flushing).IsCompleted;
        }
        catch (Exception broken) when (broken is IOException or OperationCanceledException or ObjectDisposedException)
        {
            Abort();
            return false;
        }
    }

    // Bytes that are left unread would make the system reset the connection, and the close frame might be lost by that.
    private async ValueTask DrainAsync()
    {
        try
        {
            while (!_gone)
            {
                var read = await _input.ReadAsync();
                _input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted) return;
            }
        }
        catch (Exception broken) when (broken is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Then it is closed.
        }
    }

    // By the timer, once in a keep-alive.
    private void Look()
    {
        if (_gone) return;
        if (_reading)
        {
            // Nothing since the last ping, and we did read: also while the ping was on its way.
            if (Volatile.Read(ref _heard) < _pinged)
            {
                Abort();
                return;
            }

            if (Volatile.Read(ref _partialSince) is var since and not 0 && _time.GetElapsedTime(since) >= _stallLimit)
            {
                Abort();
                return;
            }
        }

        _ = PingAsync();
    }

    private async Task PingAsync()
    {
        // Who sends at this moment does what a ping is for.
        if (!await _sending.WaitAsync(TimeSpan.Zero)) return;
        try
        {
            if (_closeSent || _gone) return;
            _pinged = _time.GetTimestamp();
            Write(PingFrame, default);
            await FlushOutputAsync();
        }
        finally
        {
            _sending.Release();
        }
    }
}
