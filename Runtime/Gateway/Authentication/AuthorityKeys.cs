using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Granary.Gateway.Authentication;

/// <summary>What tokens are checked against.</summary>
internal sealed record VerificationKeys(IReadOnlyList<SecurityKey> Keys, string Issuer);

/// <summary>
/// The published keys of an OpenID Connect provider (OpenID Connect Discovery 1.0, RFC 7517). The first token fetches them; from then on they are fetched again in the background every so often, and once when a
/// token names a key that is not among them, but no more often than every ten seconds however many such tokens come. A provider that is away changes nothing: the keys known last stay. Thread-safe.
/// </summary>
internal sealed class AuthorityKeys
{
    private const int MaxKeys = 100;
    private const int LeastRsaBits = 2048;

    /// <summary>Between fetches for keys that are not known, and after one that failed while nothing is known at all.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_pauseBeforeFirst = TimeSpan.FromSeconds(1);

    private readonly AuthenticationOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly AuthorityDocuments _documents;
    private readonly Lock _lock = new();
    private volatile VerificationKeys? _current;
    private Task<VerificationKeys?>? _fetching;
    private long _fetchedAt;
    private long _triedAt;
    private bool _tried;

    public AuthorityKeys(AuthenticationOptions options, TimeProvider time, ILogger log)
    {
        _options = options;
        _time = time;
        _log = log;
        _documents = new AuthorityDocuments(options.RequireHttps);
    }

    /// <summary>Raised when a key that was there is no longer published: what it has signed must be looked at again.</summary>
    public event Action? KeyWithdrawn;

    /// <summary>The keys; null when none could be fetched yet.</summary>
    public ValueTask<VerificationKeys?> GetAsync()
    {
        if (_current is not { } current) return new(FetchAsync(s_pauseBeforeFirst));
        if (_time.GetElapsedTime(Volatile.Read(ref _fetchedAt)) > _options.RefreshKeys) _ = FetchAsync(s_pause);
        return new(current);
    }

    /// <summary>Fetches the keys again, for a token whose key is not among <paramref name="seen"/>. Null when that brings nothing new, or was done a moment ago.</summary>
    public async Task<VerificationKeys?> FetchForUnknownAsync(VerificationKeys seen)
    {
        var found = await FetchAsync(s_pause);
        return ReferenceEquals(found, seen) ? null : found;
    }

    // One fetch at a time; all who want one wait for the same.
    private Task<VerificationKeys?> FetchAsync(TimeSpan pause)
    {
        lock (_lock)
        {
            if (_fetching is { IsCompleted: false }) return _fetching;
            if (_tried && _time.GetElapsedTime(_triedAt) < pause) return Task.FromResult(_current);
            _tried = true;
            _triedAt = _time.GetTimestamp();
            return _fetching = Task.Run(FetchOnceAsync);
        }
    }

    private async Task<VerificationKeys?> FetchOnceAsync()
    {
        try
        {
            var address = _options.Authority!.TrimEnd('/') + "/.well-known/openid-configuration";
            var document = await OpenIdConnectConfigurationRetriever.GetAsync(address, _documents, default);
            var keys = document.SigningKeys.Where(IsStrong).Take(MaxKeys).Select(PublicKeys.Ready).ToArray();
            var issuer = string.IsNullOrEmpty(_options.Issuer) ? document.Issuer : _options.Issuer;
            if (keys.Length == 0 || string.IsNullOrEmpty(issuer)) throw new InvalidOperationException("The provider publishes no issuer, or no key that is good enough (RSA of 2048 bits, or an elliptic curve).");
            var before = _current;
            _current = new VerificationKeys(keys, issuer);
            Volatile.Write(ref _fetchedAt, _time.GetTimestamp());
            if (before is not null && before.Keys.Any(old => !keys.Any(key => Same(key, old)))) KeyWithdrawn?.Invoke();
        }
        catch (Exception exception)
        {
            // Whatever the provider sends: what is known already stays.
            GatewayLog.AuthorityUnreachable(_log, _options.Authority!, exception);
        }

        return _current;
    }

    private static bool IsStrong(SecurityKey key) => key is ECDsaSecurityKey or AsymmetricSecurityKey { KeySize: >= LeastRsaBits };

    // The key itself counts, not its name alone.
    private static bool Same(SecurityKey one, SecurityKey other) => one.KeyId == other.KeyId && (one, other) switch
    {
        (RsaSecurityKey a, RsaSecurityKey b) => Modulus(a).AsSpan().SequenceEqual(Modulus(b)),
        (ECDsaSecurityKey a, ECDsaSecurityKey b) => a.ECDsa.ExportParameters(false).Q.X.AsSpan().SequenceEqual(b.ECDsa.ExportParameters(false).Q.X),
        (X509SecurityKey a, X509SecurityKey b) => a.Certificate.RawDataMemory.Span.SequenceEqual(b.Certificate.RawDataMemory.Span),
        _ => false,
    };

    private static byte[]? Modulus(RsaSecurityKey key) => key.Parameters.Modulus ?? key.Rsa?.ExportParameters(false).Modulus;
}

/// <summary>Fetches a provider's documents: bounded in time and size, without redirects, and by https where that is asked for.</summary>
internal sealed class AuthorityDocuments(bool requireHttps) : IDocumentRetriever
{
    private static readonly HttpClient s_client = new(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
    {
        Timeout = TimeSpan.FromSeconds(5),
        MaxResponseContentBufferSize = 1024 * 1024,
    };

    public async Task<string> GetDocumentAsync(string address, CancellationToken cancel)
    {
        // The second address comes out of the first document.
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || (uri.Scheme != "https" && (uri.Scheme != "http" || requireHttps))) throw new InvalidOperationException($"'{address}' is no https address.");
        using var response = await s_client.GetAsync(uri, cancel);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsStringAsync(cancel);
    }
}
