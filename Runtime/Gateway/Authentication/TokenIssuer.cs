using System.Globalization;
using System.IdentityModel.Tokens.Jwt;
using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace Granary.Gateway.Authentication;

/// <summary>Signs tokens with the shared key, for development and tests: whoever has this can be anyone. Thread-safe.</summary>
public sealed class TokenIssuer
{
    private readonly AuthenticationOptions _options;
    private readonly TimeProvider _time;
    private readonly SigningCredentials _credentials;

    /// <exception cref="InvalidOperationException">The options have no shared key: an authority signs its tokens itself.</exception>
    public TokenIssuer(AuthenticationOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (string.IsNullOrEmpty(options.Key))
            throw new InvalidOperationException("Tokens can only be issued with a shared key (Authentication:Key). With an authority, get them there.");
        _options = options;
        _time = time ?? TimeProvider.System;
        _credentials = new SigningCredentials(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(options.Key)), options.Algorithms.FirstOrDefault() ?? SecurityAlgorithms.HmacSha256);
    }

    /// <summary>A token for this subject.</summary>
    /// <param name="subject">Not empty.</param>
    /// <param name="roles">The roles.</param>
    /// <param name="lifetime">How long it is valid; positive.</param>
    /// <param name="scopes">The scopes, if any.</param>
    /// <param name="tenant">The tenant, or null.</param>
    /// <param name="region">The region, or null.</param>
    public string Issue(string subject, IEnumerable<string> roles, TimeSpan lifetime, IEnumerable<string>? scopes = null, string? tenant = null, string? region = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(subject);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero);
        var now = _time.GetUtcNow();
        var payload = new JwtPayload
        {
            ["iss"] = _options.Issuer ?? TokenRules.DefaultIssuer,
            ["aud"] = _options.Audience,
            ["sub"] = subject,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["exp"] = (now + lifetime).ToUnixTimeSeconds(),
            ["jti"] = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture),
            ["roles"] = roles.ToArray(),
        };
        if (scopes is not null) payload["scope"] = string.Join(' ', scopes);
        if (tenant is not null) payload[_options.TenantClaim] = tenant;
        if (region is not null) payload[_options.RegionClaim] = region;
        return new JwtSecurityTokenHandler().WriteToken(new JwtSecurityToken(new JwtHeader(_credentials), payload));
    }
}
