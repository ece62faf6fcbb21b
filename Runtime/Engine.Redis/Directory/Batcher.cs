using System.Collections.Concurrent;

namespace Granary.Engine.Redis.Directory;

/// <summary>
/// Sends what has gathered as one request: an item is sent at once when few requests are under way, and with others, in its turn, when there are more. Thread-safe.
/// </summary>
/// <remarks>
/// States of a worker: not running, or running: it takes what is queued, at most a batch, and sends it, until nothing is queued. Adding an item starts a worker if fewer than the most are running. A worker that has found the
/// queue empty looks again after it has counted itself out, so an item added in between is not left.
/// </remarks>
internal sealed class Batcher<TItem>
{
    private readonly ConcurrentQueue<TItem> _queue = new();
    private readonly Func<TItem[], int, Task<Exception?>> _send;
    private readonly Action<TItem, Exception> _fail;
    private readonly int _maxBatch;
    private readonly int _maxWorkers;
    private int _workers;

    /// <param name="maxBatch">The most items in a request.</param>
    /// <param name="maxWorkers">The most requests under way.</param>
    /// <param name="send">Sends the first so many items of the array, which is its own until it ends, and settles each of them. Does not throw; gives an error when what waits should fail too.</param>
    /// <param name="fail">Settles an item that was not sent.</param>
    internal Batcher(int maxBatch, int maxWorkers, Func<TItem[], int, Task<Exception?>> send, Action<TItem, Exception> fail)
    {
        _maxBatch = maxBatch;
        _maxWorkers = maxWorkers;
        _send = send;
        _fail = fail;
    }

    internal void Add(TItem item)
    {
        _queue.Enqueue(item);
        StartWorker();
    }

    private void StartWorker()
    {
        var running = Volatile.Read(ref _workers);
        while (running < _maxWorkers)
        {
            var seen = Interlocked.CompareExchange(ref _workers, running + 1, running);
            if (seen == running)
            {
                ThreadPool.UnsafeQueueUserWorkItem(static batcher => _ = batcher.WorkAsync(), this, preferLocal: false);
                return;
            }

            running = seen;
        }
    }

    private async Task WorkAsync()
    {
        var batch = new TItem[_maxBatch];
        while (true)
        {
            var count = 0;
            while (count < batch.Length && _queue.TryDequeue(out var item)) batch[count++] = item;
            if (count == 0)
            {
                Interlocked.Decrement(ref _workers);
                if (_queue.IsEmpty) return;
                StartWorker();
                return;
            }

            var failure = await _send(batch, count).ConfigureAwait(false);
            Array.Clear(batch, 0, count);
            if (failure is not null) FailWaiting(failure);
        }
    }

    /// <summary>What waits behind a request that broke would wait as long for the next: it fails now, so that no wait is longer than one request.</summary>
    private void FailWaiting(Exception failure)
    {
        for (var waiting = _queue.Count; waiting > 0 && _queue.TryDequeue(out var item); waiting--) _fail(item, failure);
    }
}
