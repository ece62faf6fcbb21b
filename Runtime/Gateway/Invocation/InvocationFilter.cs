using Granary.Gateway.Hedging;
using Granary.Rpc.Catalog;
using Orleans;

namespace Granary.Gateway.Invocation;

/// <summary>Calls the grain. The last stage.</summary>
internal sealed class InvocationFilter : IRpcFilter
{
    private readonly CallContext _context;
    private readonly HedgedCalls _hedges;
    private readonly IGrainFactory _grains;
    private readonly IRpcPassThrough? _engine;
    private readonly Func<RpcRequest, CancellationToken, ValueTask> _attempt;

    public InvocationFilter(IGrainFactory grains, CallContext context, HedgedCalls hedges, IRpcPassThrough? engine = null)
    {
        _grains = grains;
        _context = context;
        _hedges = hedges;
        _engine = engine;
        _attempt = AttemptAsync;
    }

    public int Order => RpcStage.Invoke;

    public bool TakesUndecoded => true;

    public bool Supports(RpcMethod method) => true;

    // The ambient values set here live until the exchange stage, an async method, returns: a stream's items are fetched with them too.
    public ValueTask InvokeAsync(RpcCall call, RpcNext next)
    {
        _context.Enter(call);
        var isHedged = _hedges.Takes(call.Method);
        if (AttemptSpan.IsWanted(call)) return isHedged ? _hedges.InvokeAsync(call, AttemptSpan.Around(call, _attempt)) : AttemptSpan.RunAsync(call, _attempt, call.Request, call.Cancellation);
        call.Attempts++;
        return isHedged ? _hedges.InvokeAsync(call, _attempt) : AttemptAsync(call.Request, call.Cancellation);
    }

    private ValueTask AttemptAsync(RpcRequest request, CancellationToken cancellation) => request.Message is null ? request.InvokeAsync(_grains, cancellation) : PassAsync(request, cancellation);

    private async ValueTask PassAsync(RpcRequest request, CancellationToken cancellation) => request.Reply = await _engine!.InvokeAsync(request, _grains, cancellation);
}
