using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Resilience;

/// <summary>Bounds the calls of a service that are under way, from before their arguments are read until their last byte is written, streams included.</summary>
internal sealed class BulkheadFilter : IRpcFilter, IDisposable
{
    private readonly FrozenDictionary<string, (CallGate Gate, BulkheadOptions Options)> _bulkheads;
    private readonly GatewayInstruments _instruments;

    public BulkheadFilter(IOptions<GatewayOptions> options, TimeProvider time, GatewayInstruments instruments)
    {
        _instruments = instruments;
        _bulkheads = options.Value.Bulkheads.ToFrozenDictionary(b => b.Key, b => (new CallGate(time, b.Value.Concurrency, b.Value.Queue, newestFirst: false), b.Value), StringComparer.Ordinal);
        if (_bulkheads.Count > 0) instruments.WatchBulkheads(() => _bulkheads.Select(b => (b.Key, b.Value.Gate)));
    }

    public int Order => RpcStage.Bulkhead;

    public bool Supports(RpcMethod method) => _bulkheads.ContainsKey(method.Service.Name);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask InvokeAsync(RpcCall call, RpcNext next)
    {
        var (gate, options) = _bulkheads[call.Method.Service.Name];
        if (!gate.TryEnter(CallPriority.Normal) && !await gate.WaitAsync(CallPriority.Normal, call.Patience(options.Wait)))
        {
            _instruments.BulkheadRefused(call.Method.Service.Name);
            call.Error = new RpcException(StatusCode.ResourceExhausted, $"{call.Method.Service.Name} has {options.Concurrency} calls under way and takes no more at the moment")
            {
                Reason = "BULKHEAD_FULL",
                RetryAfter = TimeSpan.FromSeconds(1),
            };
            return;
        }

        try
        {
            await next(call);
        }
        finally
        {
            gate.Leave();
        }
    }

    public void Dispose()
    {
        foreach (var (gate, _) in _bulkheads.Values) gate.Dispose();
    }
}

internal static class CallPatience
{
    /// <summary>So long, but no longer than the call may take.</summary>
    public static TimeSpan Patience(this RpcCall call, TimeSpan wait)
    {
        if (call.Deadline == 0) return wait;
        var left = TimeSpan.FromMilliseconds(Math.Max(0, call.Deadline - Environment.TickCount64));
        return left < wait ? left : wait;
    }
}
