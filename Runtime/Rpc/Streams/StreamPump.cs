namespace Granary.Rpc;

/// <summary>
/// Moves a caller's own items into the buffer. It runs in the caller's context, since the items may be made by an iterator of a grain, whose code must not run outside
/// that grain's turns: the synchronization context or task scheduler, and the ambient values, of where it was made. It starts once, when the consumer asks.
/// </summary>
internal sealed class StreamPump<T>(IAsyncEnumerable<T> items)
{
    private readonly SynchronizationContext? _context = SynchronizationContext.Current;
    private readonly TaskScheduler _scheduler = TaskScheduler.Current;
    private readonly ExecutionContext? _ambient = ExecutionContext.Capture();

    // Has no timer and is linked to nothing, so there is nothing to dispose.
    private readonly CancellationTokenSource _stop = new();
    private int _started;

    public void Start(RpcStreamBuffer<T> buffer)
    {
        if (Volatile.Read(ref _started) != 0 || Interlocked.Exchange(ref _started, 1) != 0) return;
        if (_context is not null)
        {
            _context.Post(_ => Run(buffer), null);
        }
        else if (_scheduler != TaskScheduler.Default)
        {
            _ = Task.Factory.StartNew(() => Run(buffer), CancellationToken.None, TaskCreationOptions.DenyChildAttach, _scheduler);
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(_ => Run(buffer), null);
        }
    }

    /// <summary>Wakes an iterator that waits for its own source. Its callbacks do not run on the thread that reports the end.</summary>
    public void Stop() => _ = _stop.CancelAsync();

    private void Run(RpcStreamBuffer<T> buffer)
    {
        if (_ambient is null)
        {
            _ = PumpAsync(buffer);
        }
        else
        {
            ExecutionContext.Run(_ambient, _ => _ = PumpAsync(buffer), null);
        }
    }

    private async Task PumpAsync(RpcStreamBuffer<T> buffer)
    {
        try
        {
            var codec = RpcItemCodec<T>.Instance;
            await using var enumerator = items.GetAsyncEnumerator(_stop.Token);

            // Space first: an item is only made when it is wanted.
            while (await buffer.WaitForSpaceAsync(CancellationToken.None))
            {
                if (!await enumerator.MoveNextAsync()) break;
                buffer.Add(codec.Copy(enumerator.Current));
            }
        }
        catch (Exception error)
        {
            buffer.Complete(error);
            return;
        }

        buffer.Complete(null);
    }
}
