using System.Diagnostics;
using System.Runtime.CompilerServices;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Resilience;

/// <summary>Answers calls of a method that keeps failing at once. Sees each attempt; of a stream, how it begins. Allocates nothing.</summary>
internal sealed class BreakerFilter(Breakers breakers, IOptions<GatewayOptions> options) : IRpcFilter
{
    private readonly TimeSpan _deadline = options.Value.Deadlines.Default;
    private readonly int _failures = (breakers.Options.Codes.Count > 0 ? breakers.Options.Codes : [StatusCode.Unavailable, StatusCode.DeadlineExceeded, StatusCode.Internal])
        .Aggregate(0, (all, code) => all | (1 << (int)code));

    public int Order => RpcStage.Breaker;

    public bool TakesUndecoded => true;

    public bool Supports(RpcMethod method) => breakers.Options.Enabled;

    // Not an async method: what the invocation puts into the ambient context must reach the stage outside of this one.
    public ValueTask InvokeAsync(RpcCall call, RpcNext next)
    {
        var breaker = breakers[call.Method];
        if (!breaker.TryEnter(out var permit, out var retryAfter))
        {
            call.Error = new RpcException(StatusCode.Unavailable, $"{call.Method.Service.Name}/{call.Method.Name} has failed too often and rests for a while; try again later") { Reason = "BREAKER_OPEN", RetryAfter = retryAfter };
            if (Activity.Current is { IsAllDataRequested: true } span) span.SetTag("granary.breaker", "open");
            return default;
        }

        ValueTask calling;
        try
        {
            calling = next(call);
        }
        catch (Exception exception)
        {
            End(breaker, permit, call, RpcStatus.ToRpcException(exception).Code);
            throw;
        }

        if (!calling.IsCompletedSuccessfully) return AwaitAsync(breaker, permit, call, calling);
        End(breaker, permit, call, call.Error?.Code ?? StatusCode.Ok);
        return default;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask AwaitAsync(Breaker breaker, BreakerPermit permit, RpcCall call, ValueTask calling)
    {
        try
        {
            await calling;
        }
        catch (Exception exception)
        {
            End(breaker, permit, call, RpcStatus.ToRpcException(exception).Code);
            throw;
        }

        End(breaker, permit, call, call.Error?.Code ?? StatusCode.Ok);
    }

    private void End(Breaker breaker, BreakerPermit permit, RpcCall call, StatusCode code)
    {
        // The deadline shows as a cancellation where it fires the call's token.
        if (code == StatusCode.Cancelled && call.DeadlinePassed) code = StatusCode.DeadlineExceeded;
        var outcome = (_failures & (1 << (int)RpcStatus.Known(code))) == 0 ? BreakerOutcome.Success : BreakerOutcome.Failure;
        if (code == StatusCode.Cancelled || (code == StatusCode.DeadlineExceeded && !HadItsTime(call))) outcome = BreakerOutcome.Unknown;
        var caller = call.Caller.IsAuthenticated ? call.Caller.Subject.GetHashCode(StringComparison.Ordinal) : RateLimitCaller.NetworkOf(call.RemoteAddress).GetHashCode();
        breaker.End(permit, outcome, caller);
    }

    // Callers who ask for a millisecond say nothing about the method. A little less is granted to rounding.
    private bool HadItsTime(RpcCall call) => call.Time.GetElapsedTime(call.StartedAt) >= (call.Method.Deadline ?? _deadline) * 0.9;
}
