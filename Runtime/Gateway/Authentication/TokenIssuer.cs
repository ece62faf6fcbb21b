using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Granary.Gateway.Authentication;

/// <summary>
/// Signs tokens (RFC 7519) with the shared key, for development and tests: whoever has this can be anyone. Thread-safe.
/// Written out here rather than with the validating library, which takes a tenth of a second to load and would be half of a host's start.
/// </summary>
public sealed class TokenIssuer
{
    private readonly AuthenticationOptions _options;
    private readonly TimeProvider _time;
    private readonly byte[] _key;
    private readonly string _algorithm;

    /// <exception cref="InvalidOperationException">The options have no shared key: an authority signs its tokens itself.</exception>
    public TokenIssuer(AuthenticationOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (string.IsNullOrEmpty(options.Key))
            throw new InvalidOperationException("Tokens can only be issued with a shared key (Authentication:Key). With an authority, get them there.");
        _options = options;
        _time = time ?? TimeProvider.System;
        _key = Encoding.UTF8.GetBytes(options.Key);
        _algorithm = TokenRules.Accepted(options)[0];
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
        ArgumentNullException.ThrowIfNull(roles);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero);
        var now = _time.GetUtcNow();
        var claims = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(claims))
        {
            json.WriteStartObject();
            json.WriteString("iss"u8, _options.Issuer ?? TokenRules.DefaultIssuer);
            json.WriteString("aud"u8, _options.Audience);
            json.WriteString("sub"u8, subject);
            json.WriteNumber("iat"u8, now.ToUnixTimeSeconds());
            json.WriteNumber("nbf"u8, now.ToUnixTimeSeconds());
            json.WriteNumber("exp"u8, (now + lifetime).ToUnixTimeSeconds());
            json.WriteString("jti"u8, Guid.NewGuid());
            json.WriteStartArray("roles"u8);
            foreach (var role in roles) json.WriteStringValue(role);
            json.WriteEndArray();
            if (scopes is not null) json.WriteString("scope"u8, string.Join(' ', scopes));
            if (tenant is not null) json.WriteString(_options.TenantClaim, tenant);
            if (region is not null) json.WriteString(_options.RegionClaim, region);
            json.WriteEndObject();
        }

        var header = Encoding.UTF8.GetBytes($$"""{"alg":"{{_algorithm}}","typ":"JWT"}""");
        var signed = $"{Base64Url.EncodeToString(header)}.{Base64Url.EncodeToString(claims.WrittenSpan)}";
        return $"{signed}.{Base64Url.EncodeToString(Sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    private byte[] Sign(byte[] text) => _algorithm switch
    {
        "HS384" => HMACSHA384.HashData(_key, text),
        "HS512" => HMACSHA512.HashData(_key, text),
        _ => HMACSHA256.HashData(_key, text),
    };
}
