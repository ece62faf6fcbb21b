using Orleans;

namespace Granary.Rpc;

/// <summary>Makes streams whose item type the compiler can see.</summary>
public static class RpcStream
{
    /// <summary>A stream of these items, to pass to a grain.</summary>
    public static RpcStream<T> From<T>(IAsyncEnumerable<T> items) => RpcStream<T>.From(items);

    /// <summary>A stream of these items, to pass to a grain.</summary>
    public static RpcStream<T> From<T>(IEnumerable<T> items) => RpcStream<T>.From(Enumerate(items));

#pragma warning disable CS1998 // The items are there; nothing is awaited.
    private static async IAsyncEnumerable<T> Enumerate<T>(IEnumerable<T> items)
    {
        foreach (var item in items) yield return item;
    }
#pragma warning restore CS1998
}

/// <summary>
/// An argument that is streamed: the caller's items, which the grain enumerates, once, while the call lasts. A grain that reads slowly holds the caller back; one that
/// stops reading, or whose call ends, stops the caller. The items arrive as copies. An error on the caller's side reaches the grain's enumeration as an <see cref="RpcException"/>.
/// </summary>
/// <typeparam name="T">The item's type: a scalar, or a serializable type.</typeparam>
[GenerateSerializer]
public sealed class RpcStream<T> : IAsyncEnumerable<T>, IRpcStream
{
    // The only part that travels. On the caller's side null until Bind.
    [Id(0)]
    private IRpcStreamSource? _reference;

    [NonSerialized]
    private readonly LocalStream<T>? _local;

    [NonSerialized]
    private IGrainFactory? _factory;

    [NonSerialized]
    private int _enumerated;

    internal RpcStream(LocalStream<T> local) => _local = local;

    private RpcStream(IRpcStreamSource reference) => _reference = reference;

    /// <inheritdoc/>
    public IRpcStreamSource Source => _reference ?? (IRpcStreamSource)_local!;

    /// <summary>
    /// A stream of these items, to pass to a grain. They are enumerated when the grain begins to read, in the context that <see cref="From"/> is called in
    /// (so a grain may pass items that it makes itself), at most 64 ahead of the grain.
    /// </summary>
    public static RpcStream<T> From(IAsyncEnumerable<T> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        return new RpcStream<T>(new LocalStream<T>(new StreamPump<T>(items)));
    }

    /// <summary>The stream behind a source in another process. For generated code.</summary>
    public static RpcStream<T> FromSource(IRpcStreamSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new RpcStream<T>(source);
    }

    /// <summary>Enumerates the caller's items.</summary>
    /// <exception cref="InvalidOperationException">It was enumerated before: the items are gone.</exception>
    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _enumerated, 1) != 0) throw new InvalidOperationException("A streamed argument can be enumerated once: its items are not kept. Collect them in a list to read them again.");
        return _local is not null ? new LocalEnumerator<T>(_local, cancellationToken) : new PullingEnumerator<T>(Source, cancellationToken);
    }

    /// <inheritdoc/>
    public void Bind(IGrainFactory factory)
    {
        ArgumentNullException.ThrowIfNull(factory);
        if (_local is null || _reference is not null) return;
        _factory = factory;
        _reference = factory.CreateObjectReference<IRpcStreamSource>(_local);
    }

    /// <inheritdoc/>
    public void Close()
    {
        if (_local is null) return;
        _local.Abandon();
        if (Interlocked.Exchange(ref _factory, null) is { } factory) factory.DeleteObjectReference<IRpcStreamSource>(_reference!);
    }
}
