namespace Granary.Rpc;

/// <summary>
/// The items between one producer and one consumer. States: open -> completed (by the producer, perhaps with an error; what is in the buffer can still be read) or
/// abandoned (by the consumer, or because the call ended; what is in the buffer is dropped). Abandoned is final; completed becomes abandoned too.
/// </summary>
/// <remarks>Budget: one allocation of the ring; none for an item or a wait.</remarks>
internal sealed class RpcStreamBuffer<T>
{
    /// <summary>How many items wait at most; the producer's lead over the consumer.</summary>
    public const int Capacity = 64;

    private readonly Lock _gate = new();
    private readonly StreamSignal _space;
    private readonly StreamSignal _items;
    private T[]? _ring;
    private int _head;
    private int _count;
    private bool _completed;
    private bool _abandoned;
    private Exception? _error;

    public RpcStreamBuffer()
    {
        _space = new StreamSignal(_gate);
        _items = new StreamSignal(_gate);
    }

    /// <summary>Waits until an item fits. False when no item is wanted any more.</summary>
    public ValueTask<bool> WaitForSpaceAsync(CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested) return ValueTask.FromCanceled<bool>(cancellation);
        ValueTask<bool> wait;
        lock (_gate)
        {
            if (_abandoned) return new(false);
            if (_completed) throw AlreadyCompleted();
            if (_count < Capacity) return new(true);
            wait = _space.Arm("producer");
        }

        _space.CancelWith(cancellation);
        return wait;
    }

    /// <summary>Adds an item. False when no item is wanted any more.</summary>
    /// <exception cref="InvalidOperationException">There is no space: it was not waited for.</exception>
    public bool Add(T item)
    {
        bool wake;
        lock (_gate)
        {
            if (_abandoned) return false;
            if (_completed) throw AlreadyCompleted();
            if (_count == Capacity) throw new InvalidOperationException($"The stream holds {Capacity} items that the grain has not read. Await WaitForSpaceAsync before each item.");
            _ring ??= new T[Capacity];
            _ring[(_head + _count++) % Capacity] = item;
            wake = _items.TryDisarm();
        }

        if (wake) _items.Fire(true);
        return true;
    }

    /// <summary>No more items. Only the first completion counts.</summary>
    public void Complete(Exception? error)
    {
        bool wake;
        lock (_gate)
        {
            if (_completed || _abandoned) return;
            _completed = true;
            _error = error;
            wake = _items.TryDisarm();
        }

        if (wake) _items.Fire(false);
    }

    /// <summary>Waits for an item, or for the end: false. Never throws the producer's error; <see cref="Error"/> has it.</summary>
    public ValueTask<bool> WaitForItemAsync(CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested) return ValueTask.FromCanceled<bool>(cancellation);
        ValueTask<bool> wait;
        lock (_gate)
        {
            if (_count > 0) return new(true);
            if (_completed || _abandoned) return new(false);
            wait = _items.Arm("consumer");
        }

        _items.CancelWith(cancellation);
        return wait;
    }

    /// <summary>Takes the oldest item. False when there is none now.</summary>
    public bool TryTake(out T item)
    {
        bool wake;
        lock (_gate)
        {
            if (_count == 0)
            {
                item = default!;
                return false;
            }

            item = _ring![_head];
            _ring[_head] = default!;
            _head = (_head + 1) % Capacity;
            _count--;
            wake = _space.TryDisarm();
        }

        if (wake) _space.Fire(true);
        return true;
    }

    /// <summary>Whether a wait for an item would be over at once.</summary>
    public bool IsReady
    {
        get
        {
            lock (_gate) return _count > 0 || _completed || _abandoned;
        }
    }

    /// <summary>Whether the last item was taken and no other will come.</summary>
    public bool Ended
    {
        get
        {
            lock (_gate) return _count == 0 && (_completed || _abandoned);
        }
    }

    /// <summary>How the stream ended: null when the producer completed it without an error, or when it has not ended.</summary>
    public Exception? Error
    {
        get
        {
            lock (_gate) return _abandoned && !_completed ? CallEnded() : _error;
        }
    }

    /// <summary>No item is wanted any more: drops what there is, lets the producer's wait answer false and the consumer's wait end.</summary>
    /// <returns>False when it was abandoned before.</returns>
    public bool Abandon()
    {
        bool wakeProducer, wakeConsumer;
        lock (_gate)
        {
            if (_abandoned) return false;
            _abandoned = true;
            if (_count > 0)
            {
                // What is dropped was not read: a consumer that still reads must not take this for the end.
                _completed = false;
                _error = null;
            }

            _ring = null;
            _count = 0;
            wakeProducer = _space.TryDisarm();
            wakeConsumer = _items.TryDisarm();
        }

        if (wakeProducer) _space.Fire(false);
        if (wakeConsumer) _items.Fire(false);
        return true;
    }

    private static RpcException CallEnded() => new(StatusCode.Cancelled, "the call that this stream belongs to has ended");

    private static InvalidOperationException AlreadyCompleted() => new("The stream was completed; it takes no more items.");
}
