using Granary.Codec;

namespace Granary.Rpc;

/// <summary>Reads a stream whose caller is in another process: pulls a batch when the one before has been read.</summary>
internal sealed class PullingEnumerator<T>(IRpcStreamSource source, CancellationToken cancellation) : IAsyncEnumerator<T>
{
    private readonly RpcItemCodec<T> _codec = RpcItemCodec<T>.Instance;
    private byte[] _items = [];
    private int _position;
    private bool _completed;
    private byte[]? _error;
    private T _current = default!;

    public T Current => _current;

    public ValueTask<bool> MoveNextAsync()
    {
        if (_position < _items.Length)
        {
            _current = Decode();
            return new(true);
        }

        return _completed ? new(End()) : PullAsync();
    }

    public ValueTask DisposeAsync()
    {
        _current = default!;
        _items = [];
        if (!_completed)
        {
            // Not waited for: when the caller is gone there is no one to tell, and the grain should not hang on that.
            _completed = true;
            _ = CancelAsync();
        }

        return default;
    }

    private async ValueTask<bool> PullAsync()
    {
        while (true)
        {
            var batch = await source.Pull(RpcStreamBuffer<T>.Capacity).WaitAsync(cancellation);
            _items = batch.Items;
            _position = 0;
            _completed = batch.Completed;
            _error = batch.Error;
            if (_items.Length > 0)
            {
                _current = Decode();
                return true;
            }

            if (_completed) return End();
        }
    }

    private T Decode()
    {
        var batch = new WireReader(_items.AsSpan(_position));
        var item = new WireReader(batch.ReadSpan());
        _position += batch.Position;
        return _codec.Read(ref item);
    }

    private bool End() => _error is null ? false : throw RpcErrorCodec.Decode(_error);

    private async Task CancelAsync()
    {
        try
        {
            await source.Cancel();
        }
        catch (Exception)
        {
            // The caller's side ends the stream by itself when its call ends.
        }
    }
}
