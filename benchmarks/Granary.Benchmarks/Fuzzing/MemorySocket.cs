using Granary.Engine.Transport;

namespace Granary.Fuzzing;

/// <summary>
/// A connection whose other end has said everything beforehand, in pieces of odd sizes, and takes whatever is sent. The end of the input is the end of the connection: at once, or when the
/// test says so.
/// </summary>
internal sealed class MemorySocket : PeerSocket
{
    private readonly byte[] _input;
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Random _pieces;
    private int _read;
    private int _sends;

    internal MemorySocket(byte[] input)
    {
        _input = input;
        _pieces = new Random(input.Length);
    }

    /// <summary>The reader has had everything and waits for more.</summary>
    internal Task Drained => _drained.Task;

    /// <summary>Bytes sent to the other end.</summary>
    internal long Sent { get; private set; }

    internal void Begin() => _begun.TrySetResult();

    internal void End() => _end.TrySetResult(0);

    internal override int TryReceive(Span<byte> into) => -1;

    internal override ValueTask<int> ReceiveAsync(Memory<byte> into, CancellationToken cancellation = default)
    {
        if (!_begun.Task.IsCompleted) return AfterBeginAsync(into);
        if (_read < _input.Length)
        {
            var piece = Math.Min(Math.Min(into.Length, _input.Length - _read), _pieces.Next(4) == 0 ? _pieces.Next(1, 8) : _pieces.Next(1, 2000));
            _input.AsSpan(_read, piece).CopyTo(into.Span);
            _read += piece;
            return new ValueTask<int>(piece);
        }

        _drained.TrySetResult();
        return new ValueTask<int>(_end.Task);
    }

    /// <summary>Now and then it takes only a part, or nothing at once.</summary>
    internal override int TrySend(ReadOnlySpan<byte> bytes)
    {
        if (_end.Task.IsCompleted && _drained.Task.IsCompleted) return bytes.Length;
        return (++_sends % 7) switch
        {
            3 => -1,
            5 => Take(Math.Max(1, bytes.Length / 2)),
            _ => Take(bytes.Length),
        };
    }

    internal override async ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation = default)
    {
        if (_sends % 2 == 0) await Task.Yield();
        return Take(bytes.Length);
    }

    internal override void EndSending()
    {
    }

    public override void Dispose()
    {
        Begin();
        End();
    }

    private async ValueTask<int> AfterBeginAsync(Memory<byte> into)
    {
        await _begun.Task;
        return await ReceiveAsync(into);
    }

    private int Take(int bytes)
    {
        Sent += bytes;
        return bytes;
    }
}
