using System.Diagnostics;
using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Client.Calls;

/// <summary>What all attempts of one call share: its deadline, its caller's token, its span and its place among the calls under way.</summary>
internal sealed class CallScope : IDisposable
{
    private readonly ClientRuntime _runtime;
    private readonly CancellationToken _caller;
    private readonly TimeSpan? _allowed;
    private readonly CancellationTokenSource? _deadline;
    private readonly CancellationTokenSource _any;
    private readonly long _begun;
    private readonly Activity? _span;

    private CallScope(ClientRuntime runtime, RpcMethod method, CallOptions options, CancellationToken caller)
    {
        _runtime = runtime;
        Method = method;
        Options = options;
        _caller = caller;
        _begun = runtime.Time.GetTimestamp();
        _allowed = options.Deadline ?? (method.Kind == RpcMethodKind.Unary ? runtime.Options.Deadline : runtime.Options.StreamDeadline);
        if (RpcDeadline.Remaining is { } ambient && (_allowed is null || ambient < _allowed)) _allowed = ambient;
        if (_allowed is { } time) _deadline = new CancellationTokenSource(time, runtime.Time);
        _any = CancellationTokenSource.CreateLinkedTokenSource(caller, runtime.Closing, _deadline?.Token ?? CancellationToken.None);
        var name = $"{method.Service.FullName}/{method.Name}";
        _span = ClientTelemetry.Source.StartActivity(name, ActivityKind.Client);
        if (_span is { IsAllDataRequested: true })
        {
            _span.SetTag("rpc.system.name", "grpc");
            _span.SetTag("rpc.method", name);
        }

        Tag = new KeyValuePair<string, object?>("rpc.method", name);
        ClientTelemetry.ActiveCalls.Add(1, Tag);
    }

    public RpcMethod Method { get; }

    public CallOptions Options { get; }

    public KeyValuePair<string, object?> Tag { get; }

    /// <summary>Cancelled when the caller gives up, the deadline passes or the client is disposed of.</summary>
    public CancellationToken Token => _any.Token;

    /// <summary>The time left; null without a deadline.</summary>
    public TimeSpan? Left => _allowed is { } time ? Later(time - _runtime.Time.GetElapsedTime(_begun)) : null;

    /// <summary>How it ended: Ok until something else is set.</summary>
    public StatusCode Status { get; set; }

    /// <exception cref="RpcException">Too many calls are under way.</exception>
    public static CallScope Begin(ClientRuntime runtime, RpcMethod method, CallOptions options, CancellationToken caller)
    {
        runtime.Enter();
        return new CallScope(runtime, method, options, caller);
    }

    /// <summary>An attempt goes to that endpoint.</summary>
    public void OnAttempt(int attempt, Endpoints.Endpoint endpoint)
    {
        if (attempt > 1) ClientTelemetry.Retries.Add(1, Tag);
        if (_span is not { IsAllDataRequested: true }) return;
        _span.SetTag("server.address", endpoint.Address.Host);
        _span.SetTag("server.port", endpoint.Address.Port);
        if (attempt > 1) _span.AddEvent(new ActivityEvent("retry", tags: new ActivityTagsCollection { ["attempt"] = attempt }));
    }

    /// <summary>What the caller gets of a failed attempt that is the last one.</summary>
    public Exception Outcome(Exception failure)
    {
        var outcome = _caller.IsCancellationRequested ? new OperationCanceledException($"The caller cancelled the call {Method}.", failure, _caller)
            : _deadline is { IsCancellationRequested: true } ? new RpcException(StatusCode.DeadlineExceeded, $"the call {Method} did not end within {_allowed}", failure)
            : _runtime.Closing.IsCancellationRequested ? new RpcException(StatusCode.Unavailable, "the client was disposed of while the call was under way", failure)
            : (failure as AttemptException)?.Outcome ?? failure;
        Status = RpcStatus.Describe(outcome).Code;
        return outcome;
    }

    public void Dispose()
    {
        var code = RpcStatus.Name(Status);
        ClientTelemetry.ActiveCalls.Add(-1, Tag);
        if (ClientTelemetry.Duration.Enabled) ClientTelemetry.Duration.Record(_runtime.Time.GetElapsedTime(_begun).TotalSeconds, Tag, new("rpc.response.status_code", code));
        if (_span is not null)
        {
            _span.SetTag("rpc.response.status_code", code);
            if (Status != StatusCode.Ok)
            {
                _span.SetTag("error.type", code);
                _span.SetStatus(ActivityStatusCode.Error);
            }

            _span.Dispose();
        }

        _any.Dispose();
        _deadline?.Dispose();
        _runtime.Leave();
    }

    private static TimeSpan Later(TimeSpan time) => time < TimeSpan.Zero ? TimeSpan.Zero : time;
}
