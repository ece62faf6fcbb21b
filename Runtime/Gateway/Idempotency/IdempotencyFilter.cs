using System.Collections.Concurrent;
using Granary.Codec;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Idempotency;

/// <summary>
/// Makes a call that came with an idempotency key run once, however often it comes: it goes on when its caller has left, its outcome is kept, and equal calls of the same caller get that outcome, or wait for it.
/// </summary>
/// <remarks>
/// What holds: between <see cref="IIdempotencyStore.BeginAsync"/> answering <see cref="IdempotencyState.Ours"/> and the entry's end, nobody else runs the call. The outcome is written before the caller is answered.
/// A gateway that dies in between leaves an entry whose lease passes; then it is unknown whether the call ran, and it runs again only if its method may be repeated.
/// </remarks>
internal sealed partial class IdempotencyFilter : IRpcFilter, IHostedService
{
    /// <summary><see cref="RpcException.Reason"/>: the key came with another call before.</summary>
    internal const string KeyReused = "IDEMPOTENCY_KEY_REUSED";

    /// <summary><see cref="RpcException.Reason"/>: an equal call is running.</summary>
    internal const string StillRunning = "IDEMPOTENT_CALL_RUNNING";

    /// <summary><see cref="RpcException.Reason"/>: an equal call may have run.</summary>
    internal const string OutcomeUnknown = "IDEMPOTENT_OUTCOME_UNKNOWN";

    private static readonly TimeSpan s_shortestPoll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_longestPoll = TimeSpan.FromMilliseconds(500);

    private readonly IIdempotencyStore _store;
    private readonly IdempotencyOptions _options;
    private readonly string[] _headers;
    private readonly TimeProvider _time;
    private readonly ILogger<IdempotencyFilter> _log;
    private readonly ConcurrentDictionary<string, Task> _running = new(StringComparer.Ordinal);
    private readonly string _process = Guid.NewGuid().ToString("N");
    private long _last;

    public IdempotencyFilter(IIdempotencyStore store, IOptions<GatewayOptions> options, TimeProvider time, ILogger<IdempotencyFilter> log)
    {
        _store = store;
        _options = options.Value.Idempotency;
        _headers = [IdempotencyKey.Header, .. options.Value.Metadata.Headers.Select(h => h.ToLowerInvariant())];
        _time = time;
        _log = log;
    }

    public int Order => RpcStage.Idempotency;

    public bool TakesUndecoded => true;

    /// <summary>Whether calls of the method may have a key: what changes nothing needs none, and streams cannot be kept.</summary>
    public static bool Takes(RpcMethod method) => method.Kind == RpcMethodKind.Unary && !method.IsReadOnly && !method.IsOneWay;

    public bool Supports(RpcMethod method) => Takes(method);

    public ValueTask InvokeAsync(RpcCall call, RpcNext next) => call.GetHeader(IdempotencyKey.Header) is { } header ? RunOnceAsync(call, header, next) : next(call);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Calls go on without their callers: the process waits for them as long as it may.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(_running.Values).WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            LogAbandoned(_log, _running.Count);
        }
    }

    [LoggerMessage(2301, LogLevel.Warning, "{Count} calls with idempotency keys were still running when this process had to stop; how they ended will not be known.")]
    private static partial void LogAbandoned(ILogger logger, int count);

    [LoggerMessage(2302, LogLevel.Warning, "How a call of {Method} with an idempotency key ended could not be written down ({Problem}); the same call will be told that it may have run.")]
    private static partial void LogNotKept(ILogger logger, string method, string problem);

    private async ValueTask RunOnceAsync(RpcCall call, string header, RpcNext next)
    {
        var id = IdempotencyKey.Id(call.Caller, IdempotencyKey.Parse(header));
        var fingerprint = IdempotencyKey.Fingerprint(call);
        var owner = $"{_process}.{Interlocked.Increment(ref _last)}";
        call.Watch();
        for (var poll = s_shortestPoll; ;)
        {
            // Not by the caller's token: who leaves now must not leave a call behind that is taken up and never runs.
            using var patience = new CancellationTokenSource(_options.StoreTimeout, _time);
            var entry = await _store.BeginAsync(id, fingerprint, owner, _options.RunTime + _options.StoreTimeout, _options.Keep, call.Method.IsIdempotent, patience.Token);
            switch (entry.State)
            {
                case IdempotencyState.Ours:
                    await RunAsync(call, id, owner, next);
                    return;
                case IdempotencyState.Done:
                    Replay(call, entry.Outcome);
                    return;
                case IdempotencyState.OtherCall:
                    call.Error = new RpcException(StatusCode.InvalidArgument, "this idempotency key came with another call before; a new call needs a new key") { Reason = KeyReused };
                    return;
                case IdempotencyState.Unknown:
                    call.Error = new RpcException(StatusCode.Aborted, "an equal call with this idempotency key began, and nobody knows how it ended: look whether it has taken effect, and use a new key if not") { Reason = OutcomeUnknown };
                    return;
            }

            if (!await WaitAsync(call, id, poll)) return;
            poll = poll * 2 < s_longestPoll ? poll * 2 : s_longestPoll;
        }
    }

    // False when the caller's time is up.
    private async ValueTask<bool> WaitAsync(RpcCall call, string id, TimeSpan poll)
    {
        try
        {
            if (_running.TryGetValue(id, out var running)) await running.WaitAsync(call.Cancellation);
            else await Task.Delay(poll, _time, call.Cancellation);
            return true;
        }
        catch (OperationCanceledException) when (call.DeadlinePassed)
        {
            call.Error = new RpcException(StatusCode.Aborted, "an equal call with this idempotency key is still running; call again later, with the same key") { Reason = StillRunning, RetryAfter = TimeSpan.FromSeconds(1) };
            return false;
        }
    }

    private async ValueTask RunAsync(RpcCall call, string id, string owner, RpcNext next)
    {
        var detached = new DetachedCall(call, _headers, _options.RunTime);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _running[id] = ended.Task;
        var running = RunToItsEndAsync(detached, id, owner, next, ended);
        try
        {
            await running.WaitAsync(call.Cancellation);
        }
        finally
        {
            detached.Leave();
        }

        call.Error = detached.Error;
    }

    // Never throws.
    private async Task RunToItsEndAsync(DetachedCall call, string id, string owner, RpcNext next, TaskCompletionSource ended)
    {
        try
        {
            var running = next(call);
            if (!running.IsCompleted) call.Watch();
            await running;
        }
        catch (Exception exception)
        {
            call.Fail(exception);
        }
        finally
        {
            call.End();
        }

        try
        {
            await KeepAsync(call, id, owner);
        }
        catch (Exception exception)
        {
            LogNotKept(_log, call.Method.ToString(), exception.Message);
        }
        finally
        {
            _running.TryRemove(new KeyValuePair<string, Task>(id, ended.Task));
            ended.SetResult();
        }
    }

    private async ValueTask KeepAsync(RpcCall call, string id, string owner)
    {
        using var patience = new CancellationTokenSource(_options.StoreTimeout, _time);
        if (IdempotencyOutcome.DidNothing(call)) await _store.ForgetAsync(id, owner, patience.Token);
        else await _store.EndAsync(id, owner, IdempotencyOutcome.Encode(call, _options.ReplyBytes), patience.Token);
    }

    private void Replay(RpcCall call, ReadOnlyMemory<byte> outcome)
    {
        try
        {
            IdempotencyOutcome.Replay(call, outcome);
        }
        catch (WireFormatException)
        {
            // Of a contract that has changed since.
            call.Error = new RpcException(StatusCode.Aborted, "an equal call with this idempotency key has run, but its answer cannot be read any more") { Reason = OutcomeUnknown };
            return;
        }

        call.SetHeader("idempotency-replayed", "true");
    }
}
