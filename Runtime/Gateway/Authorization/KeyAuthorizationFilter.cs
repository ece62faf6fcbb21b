using Granary.Rpc.Catalog;

namespace Granary.Gateway.Authorization;

/// <summary>
/// Decides whether the caller may call this very grain, where rules of the configuration depend on its key. Behind the exchange, since messages and bodies hold keys too; before anything of the grain runs, for every kind
/// of call and for messages that pass undecoded.
/// </summary>
internal sealed class KeyAuthorizationFilter(AuthorizationRules rules, GatewayInstruments instruments) : IRpcFilter
{
    public int Order => RpcStage.AuthorizeKey;

    public bool TakesUndecoded => true;

    public bool Supports(RpcMethod method) => rules.Of(method).Any(rule => rule.Key is not null);

    public ValueTask InvokeAsync(RpcCall call, RpcNext next)
    {
        foreach (var rule in rules.Of(call.Method))
        {
            if (rule.Key is null || !rule.Binds(call.Caller) || (call.Request.KeyText is { } key && rule.Key.Fits(call.Caller, key))) continue;
            return AuthorizationFilter.Refuse(call, instruments, "key", AuthorizationFilter.Denied($"{AuthorizationFilter.Name(call.Method)} of '{call.Request.KeyText}' is not for you"));
        }

        return next(call);
    }
}
