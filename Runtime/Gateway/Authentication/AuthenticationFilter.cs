using Granary.Rpc.Catalog;

namespace Granary.Gateway.Authentication;

/// <summary>
/// Finds out who calls. No credentials make an anonymous caller, whom the next stage may refuse; credentials that do not hold are an error also where none are needed. Calls with a stream end when their caller is
/// revoked or blocked.
/// </summary>
internal sealed class AuthenticationFilter(CallerAuthenticator callers, LiveCallers live) : IRpcFilter
{
    public int Order => RpcStage.Authenticate;

    public bool Supports(RpcMethod method) => true;

    public ValueTask InvokeAsync(RpcCall call, RpcNext next)
    {
        var header = call.GetHeader("authorization");
        if (string.IsNullOrEmpty(header))
        {
            var key = call.GetHeader(ApiKeyRules.Header);
            return string.IsNullOrEmpty(key) && !callers.UsesCertificates ? EnterAsync(call, next) : AuthenticateAsync(call, null, key, next);
        }

        if (!callers.TryGetKnown(header, out var caller)) return AuthenticateAsync(call, header, null, next);
        call.Caller = caller;
        return EnterAsync(call, next);
    }

    private async ValueTask AuthenticateAsync(RpcCall call, string? header, string? key, RpcNext next)
    {
        var (caller, error) = await callers.AuthenticateAsync(header, key, callers.UsesCertificates ? call.ClientCertificate : null, call.RemoteAddress, call.Cancellation);
        if (caller is null)
        {
            call.Error = error;
            return;
        }

        call.Caller = caller;
        await EnterAsync(call, next);
    }

    private ValueTask EnterAsync(RpcCall call, RpcNext next) => call.Method.Kind == RpcMethodKind.Unary ? next(call) : FollowAsync(call, next);

    private async ValueTask FollowAsync(RpcCall call, RpcNext next)
    {
        // Made by this thread: the one that ends the call finds it there.
        _ = call.Cancellation;
        using (live.Add(call.Caller, call.RemoteAddress, call.Abort)) await next(call);
    }
}
