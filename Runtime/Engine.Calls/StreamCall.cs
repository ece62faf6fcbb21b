using System.Threading.Channels;
using Granary.Codec;

namespace Granary.Calls;

/// <summary>What a connection needs of a streaming call.</summary>
internal interface IStreamCall
{
    /// <summary>Consumer's side: an item has arrived. False when it does not fit, which a correct peer never causes.</summary>
    bool AddItem(ref WireReader r);

    /// <summary>Producer's side: the consumer has room for that many more.</summary>
    void AddCredits(int count);
}

/// <summary>A connection that carries a stream to its consumer here.</summary>
internal interface ICreditCarrier
{
    /// <summary>Tells the producer that its consumer has room for that many more.</summary>
    void SendCredits(Call call, int count);
}

/// <summary>
/// A call whose method returns <see cref="IAsyncEnumerable{T}"/>. The producer runs as one interleaving request on the grain's activation and stays at most
/// a window of items ahead of the consumer.
/// </summary>
/// <remarks>
/// Same process: producer and consumer meet at a bounded channel. Two processes: the producer takes one credit an item and the consumer gives credits back, half a window at a time;
/// the consumer's side has a channel of the window's size, so an item that arrives always fits.
/// It ends, on both sides, when the method ends or throws, when the consumer disposes its enumerator or cancels, when a deadline that someone chose passes, when the connection breaks,
/// and when the producer has waited the idle limit for a consumer that takes nothing. The method's enumerator is disposed on the grain's turn in every case.
/// The object that the proxy returns is a template: each enumeration is a call of its own, a copy. Never pooled.
/// </remarks>
/// <typeparam name="TItem">The item.</typeparam>
public abstract class StreamCall<TItem> : Call, IStreamCall, IAsyncEnumerable<TItem>, IAsyncEnumerator<TItem>
{
    /// <summary>A producer that never waits gives other requests a turn after this many items.</summary>
    private const int ItemsBetweenYields = 256;

    private static readonly StreamItemWriter s_writeCurrent = static (Call call, ref WireWriter w) =>
    {
        var stream = (StreamCall<TItem>)call;
        stream.WriteItem(ref w, stream._current!);
    };

    private GrainProxy? _target;
    private Channel<TItem>? _items;
    private SemaphoreSlim? _credits;
    private CancellationTokenSource? _linked;
    private TItem? _current;
    private Task? _running;
    private int _unreported;

    TItem IAsyncEnumerator<TItem>.Current => _current!;

    internal override object? FilterResult
    {
        get => null;
        set { }
    }

    /// <summary>Calls the method.</summary>
    protected abstract IAsyncEnumerable<TItem> Invoke(object target);

    /// <summary>A deep copy of a mutable item; the item itself otherwise.</summary>
    public virtual TItem CopyItem(TItem v) => v;

    /// <summary>Writes the message of an item.</summary>
    public abstract void WriteItem(ref WireWriter w, TItem v);

    /// <summary>Reads the message of an item.</summary>
    public abstract TItem ReadItem(ref WireReader r);

    /// <summary>The stream, not begun: each enumeration sends a call.</summary>
    public IAsyncEnumerable<TItem> SendStream(GrainProxy target, CancellationToken cancellation)
    {
        _target = target;
        CallerToken = cancellation;
        IsolateArguments();
        return this;
    }

    IAsyncEnumerator<TItem> IAsyncEnumerable<TItem>.GetAsyncEnumerator(CancellationToken cancellationToken)
    {
        var call = (StreamCall<TItem>)MemberwiseClone();
        call.IsolateArguments();
        call.ArgumentsAreOurs = true;
        if (cancellationToken.CanBeCanceled && cancellationToken != CallerToken)
        {
            call._linked = CallerToken.CanBeCanceled ? CancellationTokenSource.CreateLinkedTokenSource(CallerToken, cancellationToken) : null;
            call.CallerToken = call._linked?.Token ?? cancellationToken;
        }

        return call;
    }

    ValueTask<bool> IAsyncEnumerator<TItem>.MoveNextAsync()
    {
        var items = _items ?? Begin();
        if (items.Reader.TryRead(out _current))
        {
            OnConsumed();
            return new ValueTask<bool>(true);
        }

        return WaitForItemAsync(items.Reader);
    }

    ValueTask IAsyncDisposable.DisposeAsync()
    {
        var items = _items;
        if (items is not null)
        {
            if (TryClaim())
            {
                Detach();
                Router!.CancelAtTarget(this);
            }

            items.Writer.TryComplete();
        }

        _linked?.Dispose();
        return default;
    }

    bool IStreamCall.AddItem(ref WireReader r) => _items is { } items && (items.Writer.TryWrite(ReadItem(ref r)) || IsClaimed);

    void IStreamCall.AddCredits(int count)
    {
        if (count is > 0 and <= StreamWindow.Items && _credits is { } credits && credits.CurrentCount + count <= StreamWindow.Items * 2) credits.Release(count);
    }

    internal sealed override bool Start(object target)
    {
        if (Sink is not null) _credits ??= new SemaphoreSlim(StreamWindow.Items);
        var running = ProduceAsync(target);
        _running = running;
        if (running.IsCompleted)
        {
            FinishInvoke();
            return true;
        }

        running.GetAwaiter().UnsafeOnCompleted(() => Turn!.OnInvoked(this));
        return false;
    }

    internal sealed override void FinishInvoke()
    {
        try
        {
            _running!.GetAwaiter().GetResult();
            CompleteFromFilters();
        }
        catch (Exception error)
        {
            Fail(error);
        }
    }

    internal sealed override async ValueTask InvokeForFilters(object target)
    {
        if (Sink is not null) _credits ??= new SemaphoreSlim(StreamWindow.Items);
        await ProduceAsync(target);
    }

    internal sealed override void CompleteFromFilters()
    {
        if (!TryClaim()) return;
        Detach();
        if (Sink is { } sink) sink.OnCompleted(this);
        else _items!.Writer.TryComplete();
    }

    internal sealed override Task<object?> SendAndWait(CallRouter router, GrainProxy? target) =>
        throw new InvalidOperationException("Streams do not pass outgoing filters.");

    internal sealed override void CompleteFromReply(ref WireReader r)
    {
        if (!TryClaim()) return;
        Detach();
        _items!.Writer.TryComplete();
    }

    internal sealed override void WriteReply(ref WireWriter w)
    {
    }

    /// <inheritdoc/>
    protected sealed override void ReturnToPool()
    {
    }

    private protected sealed override void SignalError(Exception error) => _items!.Writer.TryComplete(error);

    private protected sealed override void ResetOutcome()
    {
    }

    /// <summary>First use of this enumeration: the call is sent.</summary>
    private Channel<TItem> Begin()
    {
        var items = Channel.CreateBounded<TItem>(new BoundedChannelOptions(StreamWindow.Items) { SingleReader = true, SingleWriter = true });
        _items = items;
        State = Tainted; // never pooled
        var target = _target!;
        if (Prepare(target, CallerToken)) target.Router.Send(this, target);
        if (IsInlineDone) items.Writer.TryComplete(Error);
        return items;
    }

    private async ValueTask<bool> WaitForItemAsync(ChannelReader<TItem> items)
    {
        while (await items.WaitToReadAsync())
        {
            if (items.TryRead(out _current))
            {
                OnConsumed();
                return true;
            }
        }

        return false;
    }

    private void OnConsumed()
    {
        if (Holder is not ICreditCarrier carrier) return;
        if (++_unreported < StreamWindow.Items / 2) return;
        carrier.SendCredits(this, _unreported);
        _unreported = 0;
    }

    /// <summary>The producer, on the grain's turns.</summary>
    private async Task ProduceAsync(object target)
    {
        var token = CancellationToken;
        var produced = 0;
        await using var source = Invoke(target).GetAsyncEnumerator(token);
        while (!IsClaimed && await source.MoveNextAsync())
        {
            if (!await DeliverAsync(source.Current, token)) return;
            if (++produced % ItemsBetweenYields == 0) await Task.Yield();
        }
    }

    private ValueTask<bool> DeliverAsync(TItem item, CancellationToken token)
    {
        if (Sink is { } sink)
        {
            if (!_credits!.Wait(0, CancellationToken.None)) return DeliverWithCreditAsync(sink, item, token);
            _current = item;
            return new ValueTask<bool>(sink.OnItem(this, s_writeCurrent));
        }

        var copy = CopyItem(item);
        return _items!.Writer.TryWrite(copy) ? new ValueTask<bool>(true) : DeliverWithSpaceAsync(copy, token);
    }

    private async ValueTask<bool> DeliverWithCreditAsync(CallSink sink, TItem item, CancellationToken token)
    {
        if (!await _credits!.WaitAsync(StreamWindow.IdleLimit, token)) throw ConsumerIdle();
        _current = item;
        return sink.OnItem(this, s_writeCurrent);
    }

    private async ValueTask<bool> DeliverWithSpaceAsync(TItem item, CancellationToken token)
    {
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(token);
        idle.CancelAfter(StreamWindow.IdleLimit);
        try
        {
            while (await _items!.Writer.WaitToWriteAsync(idle.Token))
            {
                if (_items.Writer.TryWrite(item)) return true;
            }
        }
        catch (OperationCanceledException) when (!token.IsCancellationRequested)
        {
            throw ConsumerIdle();
        }

        return false;
    }

    private TimeoutException ConsumerIdle() =>
        new($"The stream {Method.FullName} of {TargetId} was ended: its consumer took no item for {StreamWindow.IdleLimit}. Dispose an enumerator that is not read any more.");
}

/// <summary>How far a stream's producer may be ahead, and how long it waits.</summary>
internal static class StreamWindow
{
    /// <summary>Items the producer may be ahead of the consumer.</summary>
    internal const int Items = 64;

    /// <summary>How long a producer waits for a consumer that takes nothing before the stream is ended.</summary>
    internal static TimeSpan IdleLimit { get; set; } = TimeSpan.FromMinutes(5);
}
