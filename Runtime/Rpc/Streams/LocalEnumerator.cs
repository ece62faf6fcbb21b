namespace Granary.Rpc;

/// <summary>Reads a stream whose caller is in this process, straight from its buffer.</summary>
internal sealed class LocalEnumerator<T>(LocalStream<T> stream, CancellationToken cancellation) : IAsyncEnumerator<T>
{
    private T _current = default!;

    public T Current => _current;

    public ValueTask<bool> MoveNextAsync()
    {
        if (cancellation.IsCancellationRequested) return ValueTask.FromCanceled<bool>(cancellation);
        return stream.Buffer.TryTake(out _current) ? new(true) : WaitAsync();
    }

    public ValueTask DisposeAsync()
    {
        _current = default!;
        stream.Abandon();
        return default;
    }

    private async ValueTask<bool> WaitAsync()
    {
        stream.Start();
        while (true)
        {
            await stream.Buffer.WaitForItemAsync(cancellation);
            if (stream.Buffer.TryTake(out _current)) return true;
            if (!stream.Buffer.Ended) continue;
            return stream.Buffer.Error is { } error ? throw RpcStatus.Rethrown(error) : false;
        }
    }
}
