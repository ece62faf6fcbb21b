using System.Collections.Immutable;
using System.Security.Claims;
using Granary.Rpc;

namespace Granary.Gateway;

/// <summary>Who calls, as a validated token, an API key or a certificate says. Immutable; one instance serves all calls with the token.</summary>
public sealed class CallerIdentity
{
    /// <summary>The <c>RequestContext</c> key of the trace's id.</summary>
    public const string TraceKey = "granary.trace";

    private Sealed? _sealed;

    internal CallerIdentity(string subject, ImmutableArray<string> roles, ImmutableArray<string> scopes, string? tenant, string? region, DateTimeOffset expires, ClaimsPrincipal principal)
    {
        Subject = subject;
        Roles = roles;
        Scopes = scopes;
        Tenant = tenant;
        Region = region;
        Expires = expires;
        Principal = principal;
    }

    /// <summary>A caller without a token.</summary>
    public static CallerIdentity Anonymous { get; } = new("", [], [], null, null, DateTimeOffset.MaxValue, new ClaimsPrincipal(new ClaimsIdentity()));

    /// <summary>Who: the token's <c>sub</c>; empty for anonymous callers.</summary>
    public string Subject { get; }

    /// <summary>The roles, from the claims <c>role</c> and <c>roles</c>.</summary>
    public ImmutableArray<string> Roles { get; }

    /// <summary>The scopes, from the claims <c>scope</c> and <c>scp</c>.</summary>
    public ImmutableArray<string> Scopes { get; }

    /// <summary>The tenant, or null.</summary>
    public string? Tenant { get; }

    /// <summary>The region, or null.</summary>
    public string? Region { get; }

    /// <summary>When the credential expires.</summary>
    public DateTimeOffset Expires { get; }

    /// <summary>The token's <c>jti</c>; null when it has none, and for other credentials.</summary>
    public string? TokenId { get; init; }

    /// <summary>When the token was issued; the beginning of time when it does not say so.</summary>
    public DateTimeOffset IssuedAt { get; init; } = DateTimeOffset.MinValue;

    /// <summary>What proved it.</summary>
    public CredentialKind Credential { get; init; } = CredentialKind.Token;

    /// <summary>Whether there was a token, or another credential.</summary>
    public bool IsAuthenticated => Subject.Length > 0;

    /// <summary>All the token's claims, for the host's own policies.</summary>
    public ClaimsPrincipal Principal { get; }

    /// <summary>The state of the lists by which this caller was found neither revoked nor blocked; see <see cref="CallerGate"/>.</summary>
    internal object? PassedAt { get; set; }

    /// <summary>What grains are told (<see cref="RpcCaller"/>): sealed once, for all calls of this caller.</summary>
    internal string SealedText()
    {
        var seal = CallerSeal.OfProcess;
        if (_sealed is { } known && ReferenceEquals(known.By, seal)) return known.Text;
        var text = seal.Seal(new RpcCaller(Subject, Roles, Scopes, Tenant, Region));
        _sealed = new Sealed(seal, text);
        return text;
    }

    /// <summary>Whether the caller has that role.</summary>
    public bool IsInRole(string role) => Roles.Contains(role);

    /// <summary>Whether the caller was granted that scope.</summary>
    public bool HasScope(string scope) => Scopes.Contains(scope);

    private sealed record Sealed(CallerSeal By, string Text);
}

/// <summary>What proves who calls.</summary>
public enum CredentialKind
{
    /// <summary>A signed token.</summary>
    Token = 0,

    /// <summary>An API key.</summary>
    ApiKey = 1,

    /// <summary>The certificate of the connection.</summary>
    Certificate = 2,
}
