using System.Diagnostics;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Gateway;

/// <summary>
/// One call on its way through the stages. A protocol adapter makes one for each request and gives it the protocol's half by the abstract members; stages know only this type.
/// Not thread-safe: one stage at a time has it. Allocation budget: the call itself, one cancellation source, and nothing for each stage it passes.
/// </summary>
public abstract class RpcCall
{
    private readonly CallCancellation _cancellation;
    private RpcException? _aborted;

    /// <param name="request">The empty request of the method that is called.</param>
    /// <param name="time">The clock of timestamps and deadlines.</param>
    protected RpcCall(RpcRequest request, TimeProvider time)
    {
        Request = request;
        Method = request.Method;
        Time = time;
        StartedAt = time.GetTimestamp();
        _cancellation = new CallCancellation(time);
    }

    /// <summary>The arguments, the grain call, and the result.</summary>
    public RpcRequest Request { get; internal set; }

    /// <summary>What is called.</summary>
    public RpcMethod Method { get; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>When the call arrived, a timestamp of <see cref="Time"/>.</summary>
    public long StartedAt { get; }

    /// <summary>Who calls; anonymous until the authentication stage says otherwise.</summary>
    public CallerIdentity Caller { get; set; } = CallerIdentity.Anonymous;

    /// <summary>
    /// Why the call failed, or null. A stage that refuses a call sets this and does not call the next one; that costs no exception. Stages before <see cref="RpcStage.Exchange"/>
    /// find here, after the next one returned, how the whole call ended.
    /// </summary>
    public RpcException? Error { get; set; }

    /// <summary>How many attempts at the call have got as far as the grain's engine; without one it surely has not run.</summary>
    internal int Attempts { get; set; }

    /// <summary>Whether there was one.</summary>
    internal bool WasInvoked => Attempts > 0;

    /// <summary>The moment by which the call must have ended, in the milliseconds of <see cref="Environment.TickCount64"/>; 0 for none.</summary>
    public long Deadline { get; private set; }

    /// <summary>Fires when the caller has gone away, the deadline has passed or, for calls with a stream, the process stops; once <see cref="Watch"/> was called.</summary>
    public CancellationToken Cancellation => _cancellation.Token;

    /// <summary>Whether the deadline has passed.</summary>
    public bool DeadlinePassed => Deadline != 0 && Environment.TickCount64 >= Deadline;

    /// <summary>The trace's id, 32 lower-case hexadecimal digits; what ties an answer to logs and traces.</summary>
    public virtual string TraceId => Activity.Current is { IdFormat: ActivityIdFormat.W3C } activity ? activity.TraceId.ToHexString() : "";

    /// <summary>The protocol's name for telemetry, for example <c>http</c>.</summary>
    public abstract string Protocol { get; }

    /// <summary>Where the caller's connection comes from, or null when that is not known.</summary>
    public abstract IPAddress? RemoteAddress { get; }

    /// <summary>The certificate by which the caller's connection was authenticated, or null. The listener has validated it.</summary>
    public virtual X509Certificate2? ClientCertificate => null;

    /// <summary>Fires when the caller has gone away.</summary>
    protected abstract CancellationToken Disconnected { get; }

    /// <summary>Fires when the process begins to stop. Calls with a stream end then, since they could go on for hours; the others are let finish.</summary>
    protected virtual CancellationToken Stopping => default;

    /// <summary>A request header (metadata) by its name in lower case; null when it is absent.</summary>
    public abstract string? GetHeader(string name);

    /// <summary>Sets a response header; only before the response has begun.</summary>
    public abstract void SetHeader(string name, string value);

    /// <summary>Sets a response trailer: metadata behind the result. At any time until the call ends; a protocol that has no trailers leaves it out.</summary>
    public virtual void SetTrailer(string name, string value)
    {
    }

    /// <summary>The time the caller allows, or null when it names none.</summary>
    /// <exception cref="RpcException">What the caller wrote is no time; it says what is accepted.</exception>
    public abstract TimeSpan? ReadRequestedTimeout();

    /// <summary>Reads the arguments and the key into <see cref="Request"/>, or sets <see cref="Error"/>. For streams of the caller, begins to read the items.</summary>
    public abstract ValueTask ReadRequestAsync();

    /// <summary>Writes the result, or every item of the stream. A failure within a stream is told to the caller by the protocol's means and left in <see cref="Error"/>.</summary>
    public abstract ValueTask RespondAsync();

    /// <summary>Sets the deadline; an earlier one stays.</summary>
    public void EndWithin(TimeSpan time)
    {
        var deadline = Environment.TickCount64 + Math.Max(1, (long)Math.Ceiling(Math.Min(time.TotalMilliseconds, int.MaxValue)));
        if (Deadline == 0 || deadline < Deadline) Deadline = deadline;
    }

    /// <summary>
    /// From now on <see cref="Cancellation"/> fires when it should. Called as soon as something has to be waited for, since most calls end before that and then need neither a timer nor a registration.
    /// </summary>
    public void Watch() => _cancellation.Watch(Deadline, Disconnected, Method.Kind == RpcMethodKind.Unary ? default : Stopping);

    /// <summary>Ends the call with this error from outside of its way, on any thread: <see cref="Cancellation"/> fires, which somebody must have asked for before. The first error counts.</summary>
    public void Abort(RpcException error)
    {
        Interlocked.CompareExchange(ref _aborted, error, null);
        _cancellation.Cancel();
    }

    /// <summary>Leaves the error in <see cref="Error"/>, in the caller's terms: whether the deadline or the caller's leaving was behind it, and without what must stay inside.</summary>
    public void Fail(Exception exception)
    {
        var error = RpcStatus.ToRpcException(exception);
        if (error.Code is StatusCode.Cancelled && Volatile.Read(ref _aborted) is { } aborted)
        {
            error = aborted;
        }
        else if (error.Code is StatusCode.Cancelled or StatusCode.DeadlineExceeded && DeadlinePassed)
        {
            error = error.Code == StatusCode.DeadlineExceeded && exception is RpcException ? error : new RpcException(StatusCode.DeadlineExceeded, "the deadline passed before the call ended", exception);
        }

        else if (error.Code is StatusCode.Cancelled && Method.Kind != RpcMethodKind.Unary && Stopping.IsCancellationRequested)
        {
            error = new RpcException(StatusCode.Unavailable, "this host is stopping; call again", exception);
        }

        Error = error;
    }

    /// <summary>Lets go of the timer and the registration. The token never fires afterwards.</summary>
    public void End() => _cancellation.Dispose();
}
