using System.Net;

namespace Granary.Gateway.Idempotency;

/// <summary>
/// A call's way from the idempotency stage to the grain and back, which goes on when its caller has left: it has a deadline of its own, and nothing of the protocol but the headers that travel. It shares the
/// request with the call it stands for, which only waits meanwhile, or has given up and looks at it no more.
/// </summary>
internal sealed class DetachedCall : RpcCall
{
    private readonly Dictionary<string, string> _headers = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private RpcCall? _caller;

    /// <param name="caller">The call it stands for.</param>
    /// <param name="headers">Which of its headers the stages further in may ask for.</param>
    /// <param name="runTime">How long it may take.</param>
    public DetachedCall(RpcCall caller, IEnumerable<string> headers, TimeSpan runTime)
        : base(caller.Request, caller.Time)
    {
        _caller = caller;
        Caller = caller.Caller;
        TraceId = caller.TraceId;
        Protocol = caller.Protocol;
        RemoteAddress = caller.RemoteAddress;
        foreach (var header in headers)
        {
            if (caller.GetHeader(header) is { } value) _headers[header] = value;
        }

        EndWithin(runTime);
    }

    public override string TraceId { get; }

    public override string Protocol { get; }

    public override IPAddress? RemoteAddress { get; }

    protected override CancellationToken Disconnected => default;

    /// <summary>The caller has given up: it gets no more headers.</summary>
    public void Leave()
    {
        lock (_lock) _caller = null;
    }

    public override string? GetHeader(string name) => _headers.GetValueOrDefault(name);

    public override void SetHeader(string name, string value)
    {
        lock (_lock) _caller?.SetHeader(name, value);
    }

    public override void SetTrailer(string name, string value)
    {
        lock (_lock) _caller?.SetTrailer(name, value);
    }

    public override TimeSpan? ReadRequestedTimeout() => null;

    public override ValueTask ReadRequestAsync() => throw new InvalidOperationException("The request has been read.");

    public override ValueTask RespondAsync() => throw new InvalidOperationException("The call that this one stands for answers.");
}
