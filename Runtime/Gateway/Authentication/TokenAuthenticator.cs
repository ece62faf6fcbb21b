using System.Diagnostics.CodeAnalysis;
using System.IdentityModel.Tokens.Jwt;
using System.Security.Claims;
using System.Text;
using Granary.Rpc;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Granary.Gateway.Authentication;

/// <summary>
/// Turns an <c>Authorization</c> header into a caller. The one place where tokens are validated, for calls and for controllers alike. Thread-safe.
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
        _log = log;
        _time = time;
        _state = new State(options.CurrentValue.Authentication, time);
        options.OnChange(changed => _state = new State(changed.Authentication, _time));
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

        var parameters = await state.ParametersAsync(_log, cancellation);
        if (parameters is null) return (null, new RpcException(StatusCode.Unavailable, "tokens cannot be checked at the moment; try again") { RetryAfter = TimeSpan.FromSeconds(5) });
        try
        {
            var handler = new JwtSecurityTokenHandler { MapInboundClaims = false, MaximumTokenSizeInBytes = state.Options.TokenBytes };
            var principal = handler.ValidateToken(token, parameters, out var validated);
            var expires = new DateTimeOffset(validated.ValidTo, TimeSpan.Zero);
            if (CallerOf(principal, expires, state.Options) is not { } caller) return (null, Invalid("the token has no subject (claim 'sub')"));
            var remembered = _time.GetUtcNow() + state.Options.CacheTime;
            state.Cache.Add(header, caller, remembered < expires ? remembered : expires);
            return (caller, null);
        }
        catch (Exception exception) when (exception is SecurityTokenException or ArgumentException or FormatException or InvalidOperationException or Newtonsoft.Json.JsonException)
        {
            // A key that is unknown may have been published since: ask the authority again, which it bounds itself.
            if (exception is SecurityTokenSignatureKeyNotFoundException) state.Keys?.RequestRefresh();
            GatewayLog.TokenRefused(_log, exception.GetType().Name);
            return (null, Invalid(Describe(exception)));
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
            principal.FindFirst(options.TenantClaim)?.Value, principal.FindFirst(options.RegionClaim)?.Value, expires, WithRoles(principal));
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
        private readonly TokenValidationParameters? _fixed;
        private readonly TimeProvider _time;

        public State(AuthenticationOptions options, TimeProvider time)
        {
            Options = options;
            _time = time;
            Algorithms = TokenRules.Accepted(options);
            Cache = new TokenCache(options.CachedTokens, time);
            if (!string.IsNullOrEmpty(options.Key))
            {
                _fixed = Parameters([new SymmetricSecurityKey(Encoding.UTF8.GetBytes(options.Key))], options.Issuer ?? TokenRules.DefaultIssuer);
                return;
            }

            var address = options.Authority!.TrimEnd('/') + "/.well-known/openid-configuration";
            Keys = new ConfigurationManager<OpenIdConnectConfiguration>(address, new OpenIdConnectConfigurationRetriever(), new HttpDocumentRetriever { RequireHttps = options.RequireHttps });
        }

        public AuthenticationOptions Options { get; }

        public IReadOnlyList<string> Algorithms { get; }

        public TokenCache Cache { get; }

        public ConfigurationManager<OpenIdConnectConfiguration>? Keys { get; }

        /// <summary>What tokens are checked against; null when the authority's keys could not be fetched.</summary>
        public async ValueTask<TokenValidationParameters?> ParametersAsync(ILogger log, CancellationToken cancellation)
        {
            if (_fixed is not null) return _fixed;
            try
            {
                var document = await Keys!.GetConfigurationAsync(cancellation);
                return Parameters(document.SigningKeys, string.IsNullOrEmpty(Options.Issuer) ? document.Issuer : Options.Issuer);
            }
            catch (Exception exception) when (exception is InvalidOperationException or IOException or HttpRequestException or ArgumentException)
            {
                GatewayLog.AuthorityUnreachable(log, Options.Authority!, exception);
                return null;
            }
        }

        private TokenValidationParameters Parameters(IEnumerable<SecurityKey> keys, string issuer) => new()
        {
            IssuerSigningKeys = keys,
            ValidIssuer = issuer,
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
