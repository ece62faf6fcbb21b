using Orleans;

namespace Granary.Rpc;

/// <summary>The caller's side of a streamed argument, from which the grain pulls: a slow grain pulls seldom, and that holds the caller back.</summary>
public interface IRpcStreamSource : IGrainObserver
{
    /// <summary>
    /// Waits for items. The answer may be empty without being the last when nothing came for a while, so that a slow producer does not look like a dead one; pull again.
    /// One pull at a time.
    /// </summary>
    /// <param name="max">The most items wanted, 1 or more.</param>
    Task<RpcBatch> Pull(int max);

    /// <summary>No more items are wanted. The caller's writes answer false from now on.</summary>
    Task Cancel();
}

/// <summary>What generated code and the engine do with a streamed argument, whatever its items are.</summary>
public interface IRpcStream
{
    /// <summary>What goes over the wire: a reference to the caller's source. On the caller's side it is one only after <see cref="Bind"/>.</summary>
    IRpcStreamSource Source { get; }

    /// <summary>Makes <see cref="Source"/> a reference that another process can call. Does nothing the second time, or on the grain's side. The runtime keeps its target weakly: hold this object for the length of the call.</summary>
    void Bind(IGrainFactory factory);

    /// <summary>Ends the stream on the caller's side: the call is over, whether or not the grain read everything. Idempotent, and harmless on the grain's side.</summary>
    void Close();
}
