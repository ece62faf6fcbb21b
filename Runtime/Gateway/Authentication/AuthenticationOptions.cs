namespace Granary.Gateway.Authentication;

/// <summary>
/// How callers prove who they are: by a JWT in <c>Authorization: Bearer</c>, signed with a shared <see cref="Key"/>, by whoever has the other half of a <see cref="PublicKey"/>, or by an <see cref="Authority"/>
/// that publishes its keys (exactly one of the three is set); by an API key; by the certificate of their connection.
/// </summary>
public sealed class AuthenticationOptions
{
    /// <summary>The shared signing key for HS256, HS384 or HS512: a text of at least 32 bytes in UTF-8. A secret.</summary>
    public string? Key { get; set; }

    /// <summary>Public keys in PEM, RSA of 2048 bits or more or P-256, P-384, P-521; several one after another, while keys are being changed. The issuer has the private ones.</summary>
    public string? PublicKey { get; set; }

    /// <summary>The file that holds <see cref="PublicKey"/>.</summary>
    public string? PublicKeyFile { get; set; }

    /// <summary>The address of an OpenID Connect provider; its keys are read from <c>/.well-known/openid-configuration</c> below it, and again when an unknown key turns up.</summary>
    public string? Authority { get; set; }

    /// <summary>Whether <see cref="Authority"/> must be https. Turn it off on a developer's machine only.</summary>
    public bool RequireHttps { get; set; } = true;

    /// <summary>How often an authority's keys are fetched again. 1 min to 1 day; the default is 10 min. For a key that is not known they are fetched at once, but no more often than every 10 s.</summary>
    public TimeSpan RefreshKeys { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>What <c>iss</c> must be. With an authority the default is what the authority says of itself; with keys of the configuration it is <c>granary</c>.</summary>
    public string? Issuer { get; set; }

    /// <summary>What <c>aud</c> must hold; the default is <c>granary</c>.</summary>
    public string Audience { get; set; } = "granary";

    /// <summary>How far the clocks of the issuer and this host may differ. 0 to 5 min; the default is 30 s.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The signature algorithms accepted. Empty means HS256 with a shared key, and else RS256, PS256 and ES256. Algorithms for the other kind of key are refused at start:
    /// accepting both is how a public key becomes a shared secret.
    /// </summary>
    public IList<string> Algorithms { get; set; } = [];

    /// <summary>The claim that names the caller's tenant; grains find it as <c>granary.tenant</c>.</summary>
    public string TenantClaim { get; set; } = "tenant";

    /// <summary>The claim that names the caller's region; grains find it as <c>granary.region</c>.</summary>
    public string RegionClaim { get; set; } = "region";

    /// <summary>
    /// A token whose expiry is further away than this is refused; so long a revocation lasts when nothing else is said, so that it outlives what it revokes. 1 min to 10 years; the default is 30 days.
    /// </summary>
    public TimeSpan LongestToken { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Bytes of the longest token that is looked at: 512 to 65,536; the default is 8,192.</summary>
    public int TokenBytes { get; set; } = 8192;

    /// <summary>How many validated tokens are remembered, so that only the first call with a token checks its signature. 0 to 1,000,000; the default is 10,000.</summary>
    public int CachedTokens { get; set; } = 10_000;

    /// <summary>A token is checked anew after this long at the latest. 1 s to 1 h; the default is 5 min.</summary>
    public TimeSpan CacheTime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How many credentials of one address may not hold in each <see cref="FailedAttemptsPeriod"/>; afterwards tokens that are not known yet are refused unchecked. 0 to 1,000,000; 0 for any number; the default is 100.
    /// </summary>
    public int FailedAttempts { get; set; } = 100;

    /// <summary>1 s to 1 day; the default is 1 min.</summary>
    public TimeSpan FailedAttemptsPeriod { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How many revocations there may be at a time. 100 to 1,000,000; the default is 10,000.</summary>
    public int MaximumRevocations { get; set; } = 10_000;

    /// <summary>API keys by their ids, beside those that administrators make.</summary>
    public IDictionary<string, ApiKeyOptions> ApiKeys { get; set; } = new Dictionary<string, ApiKeyOptions>(StringComparer.Ordinal);

    /// <summary>How many API keys administrators may make. 0 to 100,000; the default is 1,000.</summary>
    public int MaximumApiKeys { get; set; } = 1000;

    /// <summary>Whose certificates make which callers; the first rule that fits counts. The listener decides which certificates are valid at all.</summary>
    public IList<CertificateOptions> Certificates { get; set; } = [];
}
