using System.Diagnostics;
using System.Net;
using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Gateway;

/// <summary>
/// One call on its way through the gateway. A protocol adapter makes it and translates its outcome; the stages between know no protocol.
/// Belongs to one flow of control at a time: not thread-safe.
/// </summary>
public abstract class RpcCall
{
    private protected RpcCall(RpcMethod method, IServiceProvider services)
    {
        Method = method;
        Services = services;
        Request = method.CreateRequest();
    }

    /// <summary>What is called.</summary>
    public RpcMethod Method { get; }

    /// <summary>The arguments, once <see cref="RpcStage.Arguments"/> has passed, and after the call the result.</summary>
    public RpcRequest Request { get; }

    /// <summary>The services of the request; of the process, for protocols that have no scope.</summary>
    public IServiceProvider Services { get; }

    /// <summary>The adapter's protocol: <c>http</c>.</summary>
    public abstract string Protocol { get; }

    /// <summary>Where the caller's connection comes from, if it has an address.</summary>
    public abstract IPAddress? RemoteAddress { get; }

    /// <summary>Who calls; anonymous until <see cref="RpcStage.Authenticate"/> has passed.</summary>
    public CallerIdentity Caller { get; set; } = CallerIdentity.Anonymous;

    /// <summary>When the call must have ended, in milliseconds of <see cref="Environment.TickCount64"/>; 0 until <see cref="RpcStage.Deadline"/> has passed.</summary>
    public long Deadline { get; set; }

    /// <summary>Fires when the caller is gone, the deadline has passed or the process is stopping.</summary>
    public CancellationToken Cancellation { get; set; }

    /// <summary>The trace's id, 32 hexadecimal digits: what a caller quotes when something went wrong.</summary>
    public abstract string TraceId { get; }

    /// <summary>The span of this call, when it is recorded.</summary>
    public Activity? Activity { get; set; }

    /// <summary>Why the call failed, as the caller will be told; null while it has not.</summary>
    public RpcException? Error { get; private set; }

    /// <summary>The exception behind <see cref="Error"/>, for logs; null when a stage refused the call.</summary>
    public Exception? Cause { get; private set; }

    /// <summary>What the caller asked for: how long the call may take. Null when it said nothing.</summary>
    /// <exception cref="RpcException">It said something that is no time.</exception>
    public abstract TimeSpan? RequestedTimeout { get; }

    /// <summary>Whether the caller has gone away, so that nobody waits for an answer.</summary>
    public abstract bool CallerIsGone { get; }

    /// <summary>The value of a piece of metadata (a header) from the caller; null when there is none. Never evidence of who is calling.</summary>
    public abstract string? GetMetadata(string name);

    /// <summary>Adds a piece of metadata (a header) to the answer; without effect once the answer has begun.</summary>
    public abstract void SetMetadata(string name, string value);

    /// <summary>Ends the call with an error. The first one stands.</summary>
    public void Fail(RpcException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        Error ??= error;
    }

    /// <summary>Ends the call with the error that callers outside may see of this exception. The first one stands.</summary>
    public void Fail(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        if (Error is not null) return;
        Cause = exception;
        Error = RpcStatus.ToRpcException(exception);
    }

    /// <summary>Reads key and arguments into <see cref="Request"/>. Throws what <see cref="RpcStatus.Describe"/> can tell the caller.</summary>
    protected internal abstract ValueTask ReadRequestAsync();

    /// <summary>Calls the grain and, for a method that streams, carries the streams until they have ended.</summary>
    protected internal abstract ValueTask InvokeAsync();
}
