using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.IdentityModel.Tokens.Jwt;
using System.Security.Claims;
using System.Text;
using Granary.Rpc;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace Granary.Gateway.Authentication;

/// <summary>
/// Turns an <c>Authorization: Bearer</c> header into a caller. The one place where tokens are validated, for calls and for controllers alike. Thread-safe.
/// </summary>
public sealed class TokenAuthenticator
{
    /// <summary>The reason of the errors this class answers with, which the HTTP adapter turns into <c>WWW-Authenticate</c>.</summary>
    public const string InvalidTokenReason = "INVALID_TOKEN";

    private const string Scheme = "Bearer ";

    private readonly ILogger<TokenAuthenticator> _log;
    private readonly TimeProvider _time;
    private volatile State _state;

    public TokenAuthenticator(IOptionsMonitor<GatewayOptions> options, TimeProvider time, ILogger<TokenAuthenticator> log)
    {
        ArgumentNullException.ThrowIfNull(options);
        _log = log;
        _time = time;
        _state = new State(options.CurrentValue.Authentication, time, log);
        options.OnChange(changed => _state = new State(changed.Authentication, _time, _log));
    }

    /// <summary>The caller of a header seen before. No allocation.</summary>
    public bool TryGetCached(string header, [NotNullWhen(true)] out CallerIdentity? caller) => _state.Cache.TryGet(header, out caller);

    /// <summary>The caller the header proves, or the error to answer with.</summary>
    public async ValueTask<(CallerIdentity? Caller, RpcException? Error)> AuthenticateAsync(string header, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(header);
        var state = _state;
        if (state.Cache.TryGet(header, out var cached)) return (cached, null);
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)) return (null, Invalid("the Authorization header is not 'Bearer' and a token"));
        var token = header[Scheme.Length..].Trim();
        if (TokenHeader.Problem(token, state.Options.TokenBytes, state.Algorithms) is { } problem) return (null, Invalid(problem));

        var getting = state.KeysAsync();
        var keys = getting.IsCompletedSuccessfully ? getting.Result : await getting.AsTask().WaitAsync(cancellation);
        if (keys is null) return (null, new RpcException(StatusCode.Unavailable, "tokens cannot be checked at the moment; try again") { RetryAfter = TimeSpan.FromSeconds(5) });
        var (caller, error, isUnknownKey) = Validate(state, header, token, keys);

        // A key that is unknown may have been published since.
        if (isUnknownKey && state.Authority is { } authority && await authority.FetchForUnknownAsync(keys).WaitAsync(cancellation) is { } newer) (caller, error, _) = Validate(state, header, token, newer);
        return (caller, error);
    }

    private (CallerIdentity? Caller, RpcException? Error, bool IsUnknownKey) Validate(State state, string header, string token, VerificationKeys keys)
    {
        try
        {
            var handler = new JwtSecurityTokenHandler { MapInboundClaims = false, MaximumTokenSizeInBytes = state.Options.TokenBytes };
            var generation = state.Cache.Generation;
            var principal = handler.ValidateToken(token, state.Parameters(keys), out var validated);
            var now = _time.GetUtcNow();
            var expires = new DateTimeOffset(validated.ValidTo, TimeSpan.Zero);
            if (expires > now + state.Options.LongestToken + state.Options.ClockSkew) return (null, Invalid("the token is valid for longer than tokens may be here"), false);
            if (CallerOf(principal, expires, state.Options) is not { } caller) return (null, Invalid("the token has no subject (claim 'sub')"), false);
            var remembered = now + state.Options.CacheTime;
            state.Cache.Add(header, caller, remembered < expires ? remembered : expires, generation);
            return (caller, null, false);
        }
        catch (Exception exception)
        {
            // Whatever the library makes of a token that somebody has made up: it is none.
            GatewayLog.TokenRefused(_log, exception.GetType().Name);
            return (null, Invalid(Describe(exception)), exception is SecurityTokenSignatureKeyNotFoundException);
        }
    }

    private static string Describe(Exception exception) => exception switch
    {
        SecurityTokenExpiredException => "the token has expired",
        SecurityTokenNotYetValidException => "the token is not valid yet",
        SecurityTokenNoExpirationException => "the token has no expiry (claim 'exp')",
        SecurityTokenInvalidAudienceException => "the token is for another audience",
        SecurityTokenInvalidIssuerException => "the token is from another issuer",
        SecurityTokenInvalidSignatureException => "the token's signature is wrong",
        _ => "the token is not valid",
    };

    private static RpcException Invalid(string problem) => new(StatusCode.Unauthenticated, problem) { Reason = InvalidTokenReason };

    private static CallerIdentity? CallerOf(ClaimsPrincipal principal, DateTimeOffset expires, AuthenticationOptions options)
    {
        var subject = principal.FindFirst("sub")?.Value;
        if (string.IsNullOrEmpty(subject)) return null;
        var roles = principal.Claims.Where(c => c.Type is "role" or "roles").SelectMany(c => c.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        var scopes = principal.Claims.Where(c => c.Type is "scope" or "scp").SelectMany(c => c.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return new CallerIdentity(
            subject, [.. roles.Distinct(StringComparer.Ordinal)], [.. scopes.Distinct(StringComparer.Ordinal)],
            principal.FindFirst(options.TenantClaim)?.Value, principal.FindFirst(options.RegionClaim)?.Value, expires, WithRoles(principal))
        {
            TokenId = principal.FindFirst("jti")?.Value,
            IssuedAt = long.TryParse(principal.FindFirst("iat")?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var issued) && issued < int.MaxValue ? DateTimeOffset.FromUnixTimeSeconds(issued) : DateTimeOffset.MinValue,
        };
    }

    // Policies ask for roles by the identity's role claim type, which is one; tokens use two names.
    private static ClaimsPrincipal WithRoles(ClaimsPrincipal principal)
    {
        var claims = principal.Claims.Where(c => c.Type != "roles").Concat(principal.FindAll("roles").Select(c => new Claim("role", c.Value)));
        return new ClaimsPrincipal(new ClaimsIdentity(claims, "Bearer", "sub", "role"));
    }

    // What follows from one configuration; replaced as a whole when the configuration changes, cache included.
    private sealed class State
    {
        // The library's cache knows keys by their ids alone: another key under an id it has seen would not count, and the one before would go on.
        private static readonly CryptoProviderFactory s_crypto = new() { CacheSignatureProviders = false };

        private readonly VerificationKeys? _fixed;
        private readonly TimeProvider _time;

        public State(AuthenticationOptions options, TimeProvider time, ILogger log)
        {
            Options = options;
            _time = time;
            Algorithms = TokenRules.Accepted(options);
            Cache = new TokenCache(options.CachedTokens, time);
            var issuer = string.IsNullOrEmpty(options.Issuer) ? TokenRules.DefaultIssuer : options.Issuer;
            if (!string.IsNullOrEmpty(options.Key))
            {
                _fixed = new VerificationKeys([new SymmetricSecurityKey(Encoding.UTF8.GetBytes(options.Key))], issuer);
            }
            else if (PublicKeys.AreIn(options))
            {
                _fixed = new VerificationKeys(PublicKeys.Read(options).Keys, issuer);
            }
            else
            {
                Authority = new AuthorityKeys(options, time, log);
                Authority.KeyWithdrawn += Cache.Clear;
            }
        }

        public AuthenticationOptions Options { get; }

        public IReadOnlyList<string> Algorithms { get; }

        public TokenCache Cache { get; }

        public AuthorityKeys? Authority { get; }

        /// <summary>What tokens are checked against; null when the authority's keys could not be fetched.</summary>
        public ValueTask<VerificationKeys?> KeysAsync() => _fixed is not null ? new(_fixed) : Authority!.GetAsync();

        public TokenValidationParameters Parameters(VerificationKeys keys) => new()
        {
            IssuerSigningKeys = keys.Keys,
            CryptoProviderFactory = s_crypto,
            ValidIssuer = keys.Issuer,
            ValidAudience = Options.Audience,
            ClockSkew = Options.ClockSkew,
            RequireExpirationTime = true,
            RequireSignedTokens = true,
            NameClaimType = "sub",
            RoleClaimType = "role",
            LifetimeValidator = CheckLifetime,
        };

        // The library's own reads the machine's clock.
        private bool CheckLifetime(DateTime? notBefore, DateTime? expires, SecurityToken token, TokenValidationParameters parameters)
        {
            var now = _time.GetUtcNow().UtcDateTime;
            if (expires is null) throw new SecurityTokenNoExpirationException("no exp");
            if (notBefore > now + parameters.ClockSkew) throw new SecurityTokenNotYetValidException("nbf");
            return expires + parameters.ClockSkew > now ? true : throw new SecurityTokenExpiredException("exp");
        }
    }
}
