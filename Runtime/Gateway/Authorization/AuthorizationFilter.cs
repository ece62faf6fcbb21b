using System.Diagnostics;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.AspNetCore.Authorization;

namespace Granary.Gateway.Authorization;

/// <summary>
/// Decides whether the caller may: by the contract's <see cref="RpcAccess"/>, and then by every rule of the configuration about the method. Without any attribute a method needs an authenticated caller. What depends
/// on the key is decided by <see cref="KeyAuthorizationFilter"/>. The decision is in the span: <c>granary.authorization</c>, and for refusals the reason.
/// </summary>
internal sealed class AuthorizationFilter(IAuthorizationService policies, AuthorizationRules rules, GatewayInstruments instruments) : IRpcFilter
{
    public int Order => RpcStage.Authorize;

    public bool Supports(RpcMethod method) => !method.Access.Anonymous || rules.Of(method).Length > 0;

    public ValueTask InvokeAsync(RpcCall call, RpcNext next)
    {
        var method = call.Method;
        var access = method.Access;
        var caller = call.Caller;
        var bound = rules.Of(method);
        if (!caller.IsAuthenticated) return Refuse(call, instruments, "unauthenticated", NoCredentials());
        if (!HasRole(access.Roles, caller)) return Refuse(call, instruments, "role", Denied($"{Name(method)} is for the roles {string.Join(", ", access.Roles)}"));
        if (MissingScope(access.Scopes, caller) is { } missing) return Refuse(call, instruments, "scope", Denied($"{Name(method)} needs the scope {missing}"));
        var asks = access.Policy is not null;
        foreach (var rule in bound)
        {
            if (!rule.Binds(caller)) continue;
            if (rule.Deny) return Refuse(call, instruments, "rule_deny", Denied($"{Name(method)} is closed to you here"));
            if (!HasRole(rule.Roles, caller)) return Refuse(call, instruments, "rule_role", Denied($"{Name(method)} is for the roles {string.Join(", ", rule.Roles)} here"));
            if (MissingScope(rule.Scopes, caller) is { } scope) return Refuse(call, instruments, "rule_scope", Denied($"{Name(method)} needs the scope {scope} here"));
            asks |= rule.Policy is not null;
        }

        if (asks) return CheckPoliciesAsync(call, bound, next);
        Allow();
        return next(call);
    }

    internal static RpcException NoCredentials() => new(StatusCode.Unauthenticated, "send a token: 'Authorization: Bearer <token>'");

    internal static RpcException Denied(string problem) => new(StatusCode.PermissionDenied, problem);

    internal static string Name(RpcMethod method) => $"{method.Service.Name}/{method.Name}";

    internal static ValueTask Refuse(RpcCall call, GatewayInstruments instruments, string reason, RpcException error)
    {
        instruments.Refuse(reason);
        if (Activity.Current is { IsAllDataRequested: true } span) span.SetTag("granary.authorization", "refused");
        call.Error = error;
        return default;
    }

    private static void Allow()
    {
        if (Activity.Current is { IsAllDataRequested: true } span) span.SetTag("granary.authorization", "allowed");
    }

    private static bool HasRole(IReadOnlyList<string> roles, CallerIdentity caller)
    {
        if (roles.Count == 0) return true;
        for (var i = 0; i < roles.Count; i++)
        {
            if (caller.IsInRole(roles[i])) return true;
        }

        return false;
    }

    private static string? MissingScope(IReadOnlyList<string> scopes, CallerIdentity caller)
    {
        for (var i = 0; i < scopes.Count; i++)
        {
            if (!caller.HasScope(scopes[i])) return scopes[i];
        }

        return null;
    }

    private async ValueTask CheckPoliciesAsync(RpcCall call, MethodRule[] bound, RpcNext next)
    {
        foreach (var policy in bound.Where(r => r.Policy is not null && r.Binds(call.Caller)).Select(r => r.Policy!).Prepend(call.Method.Access.Policy).OfType<string>())
        {
            var result = await policies.AuthorizeAsync(call.Caller.Principal, call, policy);
            if (result.Succeeded) continue;
            await Refuse(call, instruments, "policy", Denied($"{Name(call.Method)} is closed to you by the policy '{policy}'"));
            return;
        }

        Allow();
        await next(call);
    }
}
