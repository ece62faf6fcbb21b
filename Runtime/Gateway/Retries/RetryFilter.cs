using System.Collections.Frozen;
using System.Diagnostics;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Granary.Rpc.Retries;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Retries;

/// <summary>
/// Makes a call again that ended with <see cref="StatusCode.Unavailable"/>, if its method may be repeated, within the service's budget and the call's deadline. What surely did not run is
/// sent again by the engine itself, whatever its method; streams are not repeated, since their items cannot be had again.
/// </summary>
internal sealed class RetryFilter : IRpcFilter
{
    private readonly GatewayInstruments _instruments;
    private readonly bool _isOn;
    private readonly FrozenDictionary<RpcService, RetryPolicy> _policies;

    public RetryFilter(RpcCatalog catalog, IOptions<GatewayOptions> options, GatewayInstruments instruments)
    {
        _instruments = instruments;
        var retries = options.Value.Retries;
        _isOn = retries.Attempts > 1;
        _policies = catalog.Services.ToFrozenDictionary(s => s, _ => new RetryPolicy(retries));
    }

    public int Order => RpcStage.Retry;

    public bool TakesUndecoded => true;

    public bool Supports(RpcMethod method) => _isOn && method.Kind == RpcMethodKind.Unary && method.IsRepeatable && !method.IsOneWay;

    public async ValueTask InvokeAsync(RpcCall call, RpcNext next)
    {
        var policy = _policies[call.Method.Service];
        policy.Begin();
        RpcException? reason = null;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await next(call);
            }
            catch (Exception exception)
            {
                call.Fail(exception);
            }

            if (call.Error is not { } error) return;
            if (Next(call, policy, attempt, error) is not { } wait)
            {
                // The time was up while the call was repeated: why it was repeated says more.
                if (reason is not null && error.Code is StatusCode.DeadlineExceeded) call.Error = reason;
                return;
            }

            reason = error;
            call.Error = null;
            call.Watch();
            await Task.Delay(wait, call.Time, call.Cancellation);
        }
    }

    private TimeSpan? Next(RpcCall call, RetryPolicy policy, int attempt, RpcException error)
    {
        if (error.Code != StatusCode.Unavailable || call.Cancellation.IsCancellationRequested) return null;
        var left = call.Deadline == 0 ? TimeSpan.MaxValue : TimeSpan.FromMilliseconds(call.Deadline - Environment.TickCount64);
        var wait = policy.Next(attempt, error.RetryAfter, left);
        _instruments.Retried(call.Method, isRepeated: wait is not null);
        if (wait is not null) Activity.Current?.AddEvent(new ActivityEvent("retry", tags: new ActivityTagsCollection { ["granary.attempt"] = attempt, ["exception.message"] = error.Message }));
        return wait;
    }
}
