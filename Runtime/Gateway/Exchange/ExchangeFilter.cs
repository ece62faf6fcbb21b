using Granary.Rpc.Catalog;

namespace Granary.Gateway.Exchange;

/// <summary>
/// Reads the arguments, lets the stages after it produce the result, and writes that. What goes wrong on the way ends in <see cref="RpcCall.Error"/>.
/// </summary>
internal sealed class ExchangeFilter : IRpcFilter
{
    public int Order => RpcStage.Exchange;

    public bool Supports(RpcMethod method) => true;

    public async ValueTask InvokeAsync(RpcCall call, RpcNext next)
    {
        try
        {
            var reading = call.ReadRequestAsync();
            if (!reading.IsCompleted) call.Watch();
            await reading;
            if (call.Error is not null) return;

            var calling = next(call);
            if (!calling.IsCompleted) call.Watch();
            await calling;
            if (call.Error is not null) return;

            var responding = call.RespondAsync();
            if (!responding.IsCompleted) call.Watch();
            await responding;
        }
        catch (Exception exception)
        {
            call.Fail(exception);
        }
    }
}
