using Orleans.Runtime;

namespace Granary.Rpc;

/// <summary>
/// Who calls, as a gateway authenticated it. It travels in the <see cref="RequestContext"/> with the call and with every nested one, sealed (<see cref="CallerSeal"/>): what somebody else has written there is no caller.
/// Immutable.
/// </summary>
public sealed class RpcCaller
{
    /// <summary>The key in the <see cref="RequestContext"/>. Its value is for <see cref="CallerSeal"/> alone.</summary>
    public const string ContextKey = "granary.caller";

    /// <param name="subject">Who; empty for callers without credentials.</param>
    /// <param name="roles">The roles.</param>
    /// <param name="scopes">The scopes.</param>
    /// <param name="tenant">The tenant, or null.</param>
    /// <param name="region">The region, or null.</param>
    public RpcCaller(string subject, IReadOnlyList<string>? roles = null, IReadOnlyList<string>? scopes = null, string? tenant = null, string? region = null)
    {
        ArgumentNullException.ThrowIfNull(subject);
        Subject = subject;
        Roles = roles ?? [];
        Scopes = scopes ?? [];
        Tenant = tenant;
        Region = region;
    }

    /// <summary>The caller of the call that runs; null for calls that began inside the cluster (a timer, a reminder, another program of yours), which is not the same as a caller without credentials.</summary>
    /// <exception cref="RpcException"><see cref="StatusCode.PermissionDenied"/>: the call brings an identity that nobody with the cluster's secret has sealed.</exception>
    public static RpcCaller? Current => RequestContext.Get(ContextKey) switch
    {
        null => null,
        string text when CallerSeal.OfProcess.Open(text) is { } caller => caller,
        _ => throw new RpcException(StatusCode.PermissionDenied, "the call brings an identity that no gateway of this cluster has sealed") { Reason = "UNSEALED_IDENTITY" },
    };

    /// <summary>Who; empty for callers without credentials.</summary>
    public string Subject { get; }

    /// <summary>The roles.</summary>
    public IReadOnlyList<string> Roles { get; }

    /// <summary>The scopes.</summary>
    public IReadOnlyList<string> Scopes { get; }

    /// <summary>The tenant, or null.</summary>
    public string? Tenant { get; }

    /// <summary>The region, or null.</summary>
    public string? Region { get; }

    /// <summary>Whether there were credentials.</summary>
    public bool IsAuthenticated => Subject.Length > 0;

    /// <summary>Whether the caller has that role.</summary>
    public bool IsInRole(string role) => Roles.Contains(role, StringComparer.Ordinal);

    /// <summary>Whether the caller was granted that scope.</summary>
    public bool HasScope(string scope) => Scopes.Contains(scope, StringComparer.Ordinal);
}
