using Granary.Codec;

namespace Granary.Rpc.Catalog;

/// <summary>
/// One call as its caller outside the cluster holds it: the other half of <see cref="RpcRequest"/>. Generated for each method of an exposed service; used once.
/// It says what goes over the wire, and an <see cref="IRpcChannel"/> how.
/// </summary>
/// <param name="key">The grain called.</param>
public abstract class RpcOutboundCall(RpcOutboundKey key)
{
    /// <summary>The method called.</summary>
    public abstract RpcMethod Method { get; }

    /// <summary>The grain called.</summary>
    public RpcOutboundKey Key { get; } = key;

    /// <summary>The caller's stream; null for methods without one.</summary>
    public virtual RpcOutboundItems? Items => null;

    /// <summary>Writes the request message, key and arguments; where the caller streams, the first message, without an item.</summary>
    public abstract void WriteRequest(ref WireWriter writer);
}

/// <summary>A call by the type of its result, or of each item of the stream that it answers with.</summary>
/// <typeparam name="TResult">The result; <see cref="RpcNone"/> for methods without one.</typeparam>
/// <param name="key">The grain called.</param>
public abstract class RpcOutboundCall<TResult>(RpcOutboundKey key) : RpcOutboundCall(key)
{
    /// <summary>Reads the reply message until the reader's end.</summary>
    /// <exception cref="WireFormatException">The bytes are no such message.</exception>
    public abstract TResult ReadReply(ref WireReader reader);
}

/// <summary>The result of methods that have none.</summary>
public readonly struct RpcNone;

/// <summary>A grain's key as a request carries it.</summary>
public readonly struct RpcOutboundKey
{
    private readonly string? _text;
    private readonly long _number;

    /// <summary>An integer.</summary>
    public RpcOutboundKey(long number) => _number = number;

    /// <summary>Any other key, in its text form (<see cref="RpcKeyKind"/>).</summary>
    public RpcOutboundKey(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        _text = text;
    }

    /// <summary>Writes the key as a field of the request message. Written last, it counts more than one that the message holds already.</summary>
    public void Write(ref WireWriter writer, int number)
    {
        if (_text is null)
        {
            writer.WriteTag((uint)number << 3);
            writer.WriteInt64(_number);
            return;
        }

        writer.WriteTag(((uint)number << 3) | 2);
        writer.WriteString(_text);
    }

    /// <summary>The text form.</summary>
    public override string ToString() => _text ?? _number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>The caller's stream of one call: moved and written by one channel, one item at a time.</summary>
public abstract class RpcOutboundItems
{
    /// <summary>Waits for the next item. False at the end.</summary>
    /// <param name="cancellation">Ends the wait, of this and of all later moves: the first one counts.</param>
    public abstract ValueTask<bool> MoveNextAsync(CancellationToken cancellation);

    /// <summary>Writes the request message that carries the current item.</summary>
    public abstract void Write(ref WireWriter writer);

    /// <summary>No more items are wanted; what makes them is stopped. Idempotent.</summary>
    public abstract ValueTask DisposeAsync();
}

/// <summary>The items of one streamed argument.</summary>
/// <typeparam name="T">The item's type.</typeparam>
/// <param name="stream">The argument.</param>
/// <param name="number">The number of the field <c>item</c> in the request message.</param>
public sealed class RpcOutboundItems<T>(RpcStream<T> stream, int number) : RpcOutboundItems
{
    private IAsyncEnumerator<T>? _items;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The stream was read before: its items are gone.</exception>
    public override ValueTask<bool> MoveNextAsync(CancellationToken cancellation) => (_items ??= stream.GetAsyncEnumerator(cancellation)).MoveNextAsync();

    /// <inheritdoc/>
    public override void Write(ref WireWriter writer) => RpcItemCodec<T>.Instance.WriteField(ref writer, number, _items!.Current);

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        stream.Close();
        return _items?.DisposeAsync() ?? default;
    }
}

/// <summary>Carries calls to a cluster and their outcome back. Thread-safe.</summary>
public interface IRpcChannel
{
    /// <summary>Sends a call that has one answer. The request is written before this returns: what the caller changes afterwards is not seen.</summary>
    /// <exception cref="RpcException">The call ended with an error.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    Task<TResult> CallAsync<TResult>(RpcOutboundCall<TResult> call, CancellationToken cancellation);

    /// <summary>A call that answers with a stream. The request is written before this returns; each enumeration sends it.</summary>
    IAsyncEnumerable<TResult> StreamAsync<TResult>(RpcOutboundCall<TResult> call, CancellationToken cancellation);

    /// <summary>Sends a call whose outcome nobody waits for.</summary>
    void Post(RpcOutboundCall<RpcNone> call);
}
