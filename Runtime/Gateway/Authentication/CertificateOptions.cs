namespace Granary.Gateway.Authentication;

/// <summary>
/// Which certificates make which caller. Exactly one of <see cref="Name"/>, <see cref="CommonName"/> and <see cref="Thumbprint"/> is set. The first two may begin or end with <c>*</c>, which stands for anything;
/// capitals count, but in DNS names.
/// </summary>
public sealed class CertificateOptions
{
    /// <summary>A subject alternative name, DNS or URI: <c>billing.example.com</c>, <c>spiffe://prod/*</c>.</summary>
    public string? Name { get; set; }

    /// <summary>The common name of the subject.</summary>
    public string? CommonName { get; set; }

    /// <summary>The SHA-256 of the whole certificate in hexadecimal.</summary>
    public string? Thumbprint { get; set; }

    /// <summary>Who calls; by default the name that fits.</summary>
    public string? Subject { get; set; }

    /// <summary>The roles.</summary>
    public IList<string> Roles { get; set; } = [];

    /// <summary>The scopes.</summary>
    public IList<string> Scopes { get; set; } = [];

    /// <summary>The tenant, if any.</summary>
    public string? Tenant { get; set; }
}
