using Granary.Rpc.Catalog;

namespace Granary.Gateway.Authentication;

/// <summary>
/// Finds out who calls. No credentials make an anonymous caller, whom the next stage may refuse; credentials that do not hold are an error also where none are needed.
/// </summary>
internal sealed class AuthenticationFilter(TokenAuthenticator tokens) : IRpcFilter
{
    public int Order => RpcStage.Authenticate;

    public bool Supports(RpcMethod method) => true;

    public ValueTask InvokeAsync(RpcCall call, RpcNext next)
    {
        var header = call.GetHeader("authorization");
        if (string.IsNullOrEmpty(header)) return next(call);
        if (!tokens.TryGetCached(header, out var caller)) return ValidateAsync(call, header, next);
        call.Caller = caller;
        return next(call);
    }

    private async ValueTask ValidateAsync(RpcCall call, string header, RpcNext next)
    {
        var (caller, error) = await tokens.AuthenticateAsync(header, call.Cancellation);
        if (caller is null)
        {
            call.Error = error;
            return;
        }

        call.Caller = caller;
        await next(call);
    }
}
