namespace Granary.Rpc;

/// <summary>
/// Who may call. On an interface it holds for every method that has no attribute of its own. A service with no attribute at all
/// needs an authenticated caller: nothing is open by default.
/// </summary>
[AttributeUsage(AttributeTargets.Interface | AttributeTargets.Method, Inherited = false)]
public sealed class RpcAuthorizeAttribute : Attribute
{
    /// <summary>Comma-separated roles; the caller needs one of them.</summary>
    public string? Roles { get; set; }

    /// <summary>Space-separated OAuth scopes; the caller needs all of them.</summary>
    public string? Scopes { get; set; }

    /// <summary>The name of an authorization policy of the host.</summary>
    public string? Policy { get; set; }
}

/// <summary>Lets anyone call, also without a token. On a method it overrules <see cref="RpcAuthorizeAttribute"/> of the interface.</summary>
[AttributeUsage(AttributeTargets.Interface | AttributeTargets.Method, Inherited = false)]
public sealed class RpcAllowAnonymousAttribute : Attribute;
