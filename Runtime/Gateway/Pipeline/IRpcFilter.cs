using Granary.Rpc.Catalog;

namespace Granary.Gateway;

/// <summary>The rest of a call's way. A call that failed has its <see cref="RpcCall.Error"/>.</summary>
public delegate ValueTask RpcNext(RpcCall call);

/// <summary>
/// A stage of every call's way from the protocol to the grain, whatever the protocol. Register it as a singleton <see cref="IRpcFilter"/>; it is called concurrently.
/// It calls <c>next</c> once, or refuses the call by setting <see cref="RpcCall.Error"/> (or by throwing, which costs more) without calling it.
/// </summary>
public interface IRpcFilter
{
    /// <summary>Its place among the stages: lower is further out. <see cref="RpcStage"/> has those of the gateway's own.</summary>
    int Order { get; }

    /// <summary>Whether it stands on this method's way. Asked once for each method, when the way is built.</summary>
    bool Supports(RpcMethod method);

    /// <summary>
    /// Behind <see cref="RpcStage.Exchange"/>: whether it can do with messages that nobody has decoded, since it looks neither at the arguments nor at the result, or finds them in
    /// <see cref="RpcRequest.Message"/> and <see cref="RpcRequest.Reply"/> too. While one filter on a method's way cannot, its messages are decoded here.
    /// </summary>
    bool TakesUndecoded => false;

    /// <summary>Does its part. When it throws, the call fails with what <see cref="Rpc.RpcStatus.Describe"/> says of the exception.</summary>
    ValueTask InvokeAsync(RpcCall call, RpcNext next);
}

/// <summary>The <see cref="IRpcFilter.Order"/> of the gateway's own stages; the gaps are for others.</summary>
public static class RpcStage
{
    /// <summary>Counts, times and traces the call; sees its outcome.</summary>
    public const int Telemetry = 0;

    /// <summary>Tells callers of what is deprecated.</summary>
    public const int Deprecation = 500;

    /// <summary>Finds out who calls: <see cref="RpcCall.Caller"/> is known further in.</summary>
    public const int Authenticate = 1000;

    /// <summary>Refuses who may not.</summary>
    public const int Authorize = 2000;

    /// <summary>Refuses who asks too much.</summary>
    public const int Admission = 3000;

    /// <summary>Sets the deadline and the token that fires at it.</summary>
    public const int Deadline = 4000;

    /// <summary>Refuses what the process cannot do in time.</summary>
    public const int Shedding = 4100;

    /// <summary>Bounds the calls of a service that are under way.</summary>
    public const int Bulkhead = 4200;

    /// <summary>
    /// Reads the arguments, and writes the result that the stages further in produce. Stages before it cover the whole call, its streams included; stages after it find the arguments in
    /// <see cref="RpcCall.Request"/> and cover one attempt at a result.
    /// </summary>
    public const int Exchange = 5000;

    /// <summary>Refuses who may not call this very grain: the key is known here, and the grain not called yet.</summary>
    public const int AuthorizeKey = 5100;

    /// <summary>Makes calls whose caller sent an idempotency key run once.</summary>
    public const int Idempotency = 5500;

    /// <summary>Makes failed calls again where that is safe. Stages further in see each attempt.</summary>
    public const int Retry = 6000;

    /// <summary>Answers attempts at a method that keeps failing at once.</summary>
    public const int Breaker = 6500;

    /// <summary>Calls the grain. Nothing is further in.</summary>
    public const int Invoke = int.MaxValue;
}
