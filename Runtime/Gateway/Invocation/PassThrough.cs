using System.Collections.Frozen;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Invocation;

/// <summary>
/// Which calls go to the grain with their messages as they came: of methods whose messages the engine can take, where every filter between the exchange and the invocation can do with that.
/// </summary>
internal sealed class PassThrough
{
    private readonly FrozenSet<RpcMethod> _methods;

    public PassThrough(RpcCatalog catalog, IEnumerable<IRpcFilter> filters, IOptions<GatewayOptions> options, IRpcPassThrough? engine = null)
    {
        if (!options.Value.PassThrough) engine = null;
        var further = filters.Where(f => f.Order > RpcStage.Exchange && !f.TakesUndecoded).ToArray();
        _methods = catalog.Services.SelectMany(s => s.Methods).Where(m => engine?.Supports(m) == true && !further.Any(f => f.Supports(m))).ToFrozenSet();
    }

    public bool Takes(RpcMethod method) => _methods.Contains(method);
}
