using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.AspNetCore.Authorization;

namespace Granary.Gateway.Authorization;

/// <summary>Decides by the contract's <see cref="RpcAccess"/> whether the caller may. Without any attribute a method needs an authenticated caller.</summary>
internal sealed class AuthorizationFilter(IAuthorizationService policies) : IRpcFilter
{
    public int Order => RpcStage.Authorize;

    public bool Supports(RpcMethod method) => !method.Access.Anonymous;

    public ValueTask InvokeAsync(RpcCall call, RpcNext next)
    {
        var access = call.Method.Access;
        var caller = call.Caller;
        if (!caller.IsAuthenticated)
        {
            call.Error = NoCredentials();
            return default;
        }

        if (!HasRole(access, caller))
        {
            call.Error = Denied($"{call.Method.Service.Name}/{call.Method.Name} is for the roles {string.Join(", ", access.Roles)}");
            return default;
        }

        for (var i = 0; i < access.Scopes.Count; i++)
        {
            if (caller.HasScope(access.Scopes[i])) continue;
            call.Error = Denied($"{call.Method.Service.Name}/{call.Method.Name} needs the scope {access.Scopes[i]}");
            return default;
        }

        return access.Policy is null ? next(call) : CheckPolicyAsync(call, access.Policy, next);
    }

    internal static RpcException NoCredentials() => new(StatusCode.Unauthenticated, "send a token: 'Authorization: Bearer <token>'");

    private static RpcException Denied(string problem) => new(StatusCode.PermissionDenied, problem);

    private static bool HasRole(RpcAccess access, CallerIdentity caller)
    {
        if (access.Roles.Count == 0) return true;
        for (var i = 0; i < access.Roles.Count; i++)
        {
            if (caller.IsInRole(access.Roles[i])) return true;
        }

        return false;
    }

    private async ValueTask CheckPolicyAsync(RpcCall call, string policy, RpcNext next)
    {
        var result = await policies.AuthorizeAsync(call.Caller.Principal, call, policy);
        if (!result.Succeeded)
        {
            call.Error = Denied($"{call.Method.Service.Name}/{call.Method.Name} is closed to you by the policy '{policy}'");
            return;
        }

        await next(call);
    }
}
