using Granary.Rpc.Catalog;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Deadlines;

/// <summary>Sets the moment by which the call must have ended: the caller's wish, else the method's, else the default; never more than the maximum.</summary>
internal sealed class DeadlineFilter(IOptions<GatewayOptions> options) : IRpcFilter
{
    private readonly DeadlineOptions _options = options.Value.Deadlines;

    public int Order => RpcStage.Deadline;

    public bool Supports(RpcMethod method) => true;

    public ValueTask InvokeAsync(RpcCall call, RpcNext next)
    {
        var unary = call.Method.Kind == RpcMethodKind.Unary;
        var most = unary ? _options.Maximum : _options.StreamMaximum;
        var wanted = call.ReadRequestedTimeout() ?? call.Method.Deadline ?? (unary ? _options.Default : most);
        call.EndWithin(wanted < most ? wanted : most);
        return next(call);
    }
}
