using System.Buffers;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Granary.Engine.Transport;

/// <summary>The read loop.</summary>
/// <remarks>
/// One thread at a time has the loop: a thread of the pool, from when bytes have come until there are no more. It runs turns of idle grains with short methods, and the code that awaits
/// replies, in place. While it is in such code, <c>_inline</c> is the number of that visit; before it enters, everything the loop needs is in fields. If it stays, the watchdog moves
/// <c>_inline</c> from that number to 0, which makes another thread the owner; whoever comes back and finds its number gone has lost the loop and leaves.
/// </remarks>
internal sealed partial class PeerConnection
{
    /// <summary>A batch of frames is interrupted after so many, to send what they have led to.</summary>
    private const int FramesBetweenFlushes = 128;

    /// <summary>Looking again and again for the next frame pays for about this long: waking a thread takes longer.</summary>
    private static readonly long s_spin = Stopwatch.Frequency * 30 / 1_000_000;
    private static readonly int s_maxSpinners = Math.Max(1, Environment.ProcessorCount / 2);
    private static int s_spinners;

    private readonly Action _onReceived;
    private readonly InlineMeter _meter = new();
    private byte[] _input = [];
    private int _start;
    private int _end;
    private bool _corked; // the reader is the flusher until the batch is done
    private bool _lone; // the last batch was one frame
    private int _spinScore = 4;
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _receiving;
    private int _visits;
    private int _inline;
    private long _framesIn;
    private long _bytesIn;

    /// <summary>Which visit to user code the reader is on; 0 when on none. For the watchdog.</summary>
    internal int InlineVisit => Volatile.Read(ref _inline);

    /// <summary>The watchdog's, to see a visit twice.</summary>
    internal int InlineVisitSeen { get; set; }

    /// <summary>Takes the loop away from a thread that is still on that visit. False when it is not.</summary>
    internal bool TryTakeOver(int visit)
    {
        if (Interlocked.CompareExchange(ref _inline, 0, visit) != visit) return false;
        _log.Blocked(Peer.Name);
        ThreadPool.UnsafeQueueUserWorkItem(static connection => connection.GoOn(), this, preferLocal: false);
        return true;
    }

    /// <summary>The new owner, after a take-over.</summary>
    private void GoOn()
    {
        // The thread that was left behind may still be reading its frame out of the buffer: that one is left to it.
        var rest = _input.AsSpan(_start, _end - _start);
        var input = ArrayPool<byte>.Shared.Rent(Math.Max(UsualBuffer, rest.Length));
        rest.CopyTo(input);
        _input = input;
        _end = rest.Length;
        _start = 0;
        Uncork();
        Receive();
    }

    private void OnReceived()
    {
        int received;
        try
        {
            received = _receiving.GetResult();
        }
        catch (Exception error)
        {
            Close(error);
            return;
        }

        if (Received(received)) Receive();
    }

    private void Receive()
    {
        try
        {
            while (ProcessBuffered())
            {
                MakeRoom();
                var received = Spin();
                if (received < 0)
                {
                    var receiving = _socket!.ReceiveAsync(_input.AsMemory(_end)).ConfigureAwait(false).GetAwaiter();
                    if (!receiving.IsCompleted)
                    {
                        // The continuation may run before this returns: nothing is touched after.
                        _receiving = receiving;
                        _receiving.UnsafeOnCompleted(_onReceived);
                        return;
                    }

                    received = receiving.GetResult();
                }

                if (!Received(received)) return;
            }
        }
        catch (Exception error)
        {
            Close(error);
        }
    }

    private bool Received(int bytes)
    {
        if (bytes == 0)
        {
            Close(null);
            return false;
        }

        _end += bytes;
        _bytesIn += bytes;
        return true;
    }

    /// <summary>Handles the whole frames there are. False when another thread has the loop now.</summary>
    private bool ProcessBuffered()
    {
        var frames = 0;
        while (_end - _start >= Frame.LengthBytes)
        {
            var length = Frame.Length(_input.AsSpan(_start));
            if (length == 0 || length > (uint)_options.MaxFrameBytes) throw new FrameException($"a frame of {length} bytes; 1 to {_options.MaxFrameBytes} are allowed");
            var available = _end - _start - Frame.LengthBytes;
            if (available < (int)length) break;
            _lone = frames == 0 && available == (int)length;
            if (!_lone && frames % FramesBetweenFlushes == 0)
            {
                Uncork();
                Cork();
            }

            var frame = _input.AsSpan(_start + Frame.LengthBytes, (int)length);
            _start += Frame.LengthBytes + (int)length;
            _framesIn++;
            frames++;
            if (!Handle(frame)) return false;
        }

        Uncork();
        return true;
    }

    /// <summary>Becomes the flusher for a while, so that what a batch of frames leads to goes out together.</summary>
    private void Cork()
    {
        lock (_output)
        {
            if (_flushing) return;
            _flushing = true;
            _corked = true;
        }
    }

    private void Uncork()
    {
        if (!_corked) return;
        _corked = false;
        Flush(1);
    }

    /// <summary>Room for more bytes behind <c>_end</c>; enough, in the end, for the frame that has begun.</summary>
    private void MakeRoom()
    {
        var rest = _end - _start;
        if (rest == 0)
        {
            _start = 0;
            _end = 0;
            if (_input.Length > KeptBuffer || _input.Length == 0) Replace(UsualBuffer);
            return;
        }

        if (_end < _input.Length && (rest < Frame.LengthBytes || Frame.Length(_input.AsSpan(_start)) <= (uint)(_input.Length - _start - Frame.LengthBytes))) return;
        if (_start > 0)
        {
            _input.AsSpan(_start, rest).CopyTo(_input);
            _start = 0;
            _end = rest;
        }

        // Grows as bytes come, not as a length promises them.
        if (_end == _input.Length) Replace(_input.Length * 2);
    }

    private void Replace(int size)
    {
        var input = ArrayPool<byte>.Shared.Rent(size);
        _input.AsSpan(_start, _end - _start).CopyTo(input);
        if (_input.Length > 0) ArrayPool<byte>.Shared.Return(_input);
        _end -= _start;
        _start = 0;
        _input = input;
    }

    /// <summary>
    /// Looks for the next frame without sleeping, where that is likely to pay: one call goes to and fro, and it did so within the time before. -1 when nothing came.
    /// </summary>
    private int Spin()
    {
        if (!_lone || _end != 0 || _slab.Count > 1) return -1;
        if (_spinScore <= 0)
        {
            _spinScore++;
            return -1;
        }

        if (Interlocked.Increment(ref s_spinners) > s_maxSpinners)
        {
            Interlocked.Decrement(ref s_spinners);
            return -1;
        }

        var received = -1;
        var until = Stopwatch.GetTimestamp() + s_spin;
        try
        {
            do
            {
                received = _socket!.TryReceive(_input);
                if (received >= 0) break;
                Thread.SpinWait(4);
            }
            while (Stopwatch.GetTimestamp() < until);
        }
        finally
        {
            Interlocked.Decrement(ref s_spinners);
        }

        if (received >= 0) _spinScore = Math.Min(_spinScore + 1, 16);
        else if ((_spinScore -= 4) <= 0) _spinScore = -32;
        return received;
    }

    /// <summary>Before code that is not ours runs on this thread. All of the loop's state is in fields.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int EnterInline()
    {
        var visit = ++_visits;
        if (visit == 0) visit = ++_visits;
        Volatile.Write(ref _inline, visit);
        _network.Watchdog.OnVisit();
        return visit;
    }

    /// <summary>After it. False when the loop has been taken over.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool ExitInline(int visit) => Interlocked.CompareExchange(ref _inline, 0, visit) == visit;
}
