namespace Granary.Rpc;

/// <summary>
/// Fills a stream item by item, for a caller that has no <see cref="IAsyncEnumerable{T}"/>: pass <see cref="Stream"/> to the grain and write while the call runs.
/// One producer: each write is awaited before the next. Completing is safe from any thread. At most 64 items wait for the grain.
/// </summary>
/// <typeparam name="T">The item's type.</typeparam>
public sealed class RpcStreamWriter<T>
{
    private readonly LocalStream<T> _stream;

    public RpcStreamWriter()
    {
        _stream = new LocalStream<T>(pump: null);
        Stream = new RpcStream<T>(_stream);
    }

    /// <summary>The argument to pass to the grain.</summary>
    public RpcStream<T> Stream { get; }

    /// <summary>Adds a copy of an item, when there is space for it.</summary>
    /// <returns>False when the grain stopped reading or its call ended: stop producing.</returns>
    /// <exception cref="InvalidOperationException">The stream was completed, or a write is still waiting.</exception>
    /// <exception cref="OperationCanceledException">The token ended the wait; the item was not added.</exception>
    public ValueTask<bool> WriteAsync(T item, CancellationToken cancellation = default)
    {
        var space = WaitForSpaceAsync(cancellation);
        return space.IsCompletedSuccessfully ? new(space.Result && Add(RpcItemCodec<T>.Instance.Copy(item))) : WriteSlowlyAsync(space, item);
    }

    /// <summary>Waits until an item fits.</summary>
    /// <returns>False when the grain stopped reading or its call ended: stop producing.</returns>
    /// <exception cref="InvalidOperationException">The stream was completed, or a write is still waiting.</exception>
    public ValueTask<bool> WaitForSpaceAsync(CancellationToken cancellation = default) => _stream.Buffer.WaitForSpaceAsync(cancellation);

    /// <summary>Adds an item that the caller gives away, without copying it, where <see cref="WaitForSpaceAsync"/> has answered true.</summary>
    /// <returns>False when the grain stopped reading or its call ended: stop producing.</returns>
    /// <exception cref="InvalidOperationException">The stream was completed, or there is no space.</exception>
    public bool Add(T item) => _stream.Buffer.Add(item);

    /// <summary>No more items. With an error, the grain's enumeration throws it as an <see cref="RpcException"/> once it has read the items before it. Only the first completion counts.</summary>
    public void Complete(Exception? error = null) => _stream.Buffer.Complete(error);

    private async ValueTask<bool> WriteSlowlyAsync(ValueTask<bool> space, T item)
    {
        // Copied now, not when there is space: the caller may change it while it waits.
        var copy = RpcItemCodec<T>.Instance.Copy(item);
        return await space && Add(copy);
    }
}
