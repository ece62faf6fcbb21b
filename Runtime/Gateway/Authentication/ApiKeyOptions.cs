namespace Granary.Gateway.Authentication;

/// <summary>An API key of the configuration: who has it, and what it opens. Its secret is not here, only what it can be recognised by.</summary>
public sealed class ApiKeyOptions
{
    /// <summary>Who calls with it.</summary>
    public string Subject { get; set; } = "";

    /// <summary>The SHA-256 of the secret in hexadecimal; two while it is being changed. The secret is random, of 256 bits: <c>openssl rand -hex 32</c>.</summary>
    public IList<string> Hashes { get; set; } = [];

    /// <summary>The roles.</summary>
    public IList<string> Roles { get; set; } = [];

    /// <summary>The scopes.</summary>
    public IList<string> Scopes { get; set; } = [];

    /// <summary>The tenant, if any.</summary>
    public string? Tenant { get; set; }

    /// <summary>The moment from which it is refused; none by default.</summary>
    public DateTimeOffset? Expires { get; set; }
}
