using System.Collections.Immutable;
using System.Security.Claims;

namespace Granary.Gateway;

/// <summary>Who calls, as a validated token says. Immutable; one instance serves all calls with the token.</summary>
public sealed class CallerIdentity
{
    /// <summary>The <c>RequestContext</c> key under which grains find the subject: empty for anonymous callers, absent for calls that began inside the cluster.</summary>
    public const string SubjectKey = "granary.subject";

    /// <summary>The <c>RequestContext</c> key of the roles, separated by commas.</summary>
    public const string RolesKey = "granary.roles";

    /// <summary>The <c>RequestContext</c> key of the tenant; absent when the token names none.</summary>
    public const string TenantKey = "granary.tenant";

    /// <summary>The <c>RequestContext</c> key of the region; absent when the token names none.</summary>
    public const string RegionKey = "granary.region";

    /// <summary>The <c>RequestContext</c> key of the trace's id.</summary>
    public const string TraceKey = "granary.trace";

    internal CallerIdentity(string subject, ImmutableArray<string> roles, ImmutableArray<string> scopes, string? tenant, string? region, DateTimeOffset expires, ClaimsPrincipal principal)
    {
        Subject = subject;
        Roles = roles;
        Scopes = scopes;
        Tenant = tenant;
        Region = region;
        Expires = expires;
        RolesText = string.Join(',', roles);
        Principal = principal;
    }

    /// <summary>A caller without a token.</summary>
    public static CallerIdentity Anonymous { get; } = new("", [], [], null, null, DateTimeOffset.MaxValue, new ClaimsPrincipal(new ClaimsIdentity()));

    /// <summary>The token's <c>sub</c>; empty for anonymous callers.</summary>
    public string Subject { get; }

    /// <summary>The roles, from the claims <c>role</c> and <c>roles</c>.</summary>
    public ImmutableArray<string> Roles { get; }

    /// <summary>The scopes, from the claims <c>scope</c> and <c>scp</c>.</summary>
    public ImmutableArray<string> Scopes { get; }

    /// <summary>The tenant, or null.</summary>
    public string? Tenant { get; }

    /// <summary>The region, or null.</summary>
    public string? Region { get; }

    /// <summary>When the token expires.</summary>
    public DateTimeOffset Expires { get; }

    /// <summary>Whether there was a token.</summary>
    public bool IsAuthenticated => Subject.Length > 0;

    /// <summary>All the token's claims, for the host's own policies.</summary>
    public ClaimsPrincipal Principal { get; }

    internal string RolesText { get; }

    /// <summary>Whether the caller has that role.</summary>
    public bool IsInRole(string role) => Roles.Contains(role);

    /// <summary>Whether the caller was granted that scope.</summary>
    public bool HasScope(string scope) => Scopes.Contains(scope);
}
