namespace Granary.Gateway.Authorization;

/// <summary>What callers may do, beyond what contracts say. Rules only ever close: a call must satisfy its contract and every rule that is about it.</summary>
public sealed class AuthorizationOptions
{
    /// <summary>The rules, in any order.</summary>
    public IList<AuthorizationRule> Rules { get; set; } = [];
}

/// <summary>One more condition on calls of some methods.</summary>
public sealed class AuthorizationRule
{
    /// <summary>Which: <c>users/Remove</c>, <c>users/*</c>, <c>*/Remove</c>, <c>*</c>; a name of which there is none stops the start. All versions of a service are meant.</summary>
    public IList<string> Methods { get; set; } = [];

    /// <summary>Callers with one of these roles are not bound by this rule.</summary>
    public IList<string> Except { get; set; } = [];

    /// <summary>Nobody may call, but <see cref="Except"/>.</summary>
    public bool Deny { get; set; }

    /// <summary>The caller needs one of these.</summary>
    public IList<string> Roles { get; set; } = [];

    /// <summary>The caller needs all of these.</summary>
    public IList<string> Scopes { get; set; } = [];

    /// <summary>A policy of the host that must allow it.</summary>
    public string? Policy { get; set; }

    /// <summary>
    /// Which grains: <c>{sub}</c> is the caller's subject, <c>{tenant}</c> their tenant, anything else stands for itself, and <c>*</c> at the end for any rest: <c>{sub}</c>, <c>{tenant}/*</c>, <c>public-*</c>.
    /// </summary>
    public string? Key { get; set; }
}
