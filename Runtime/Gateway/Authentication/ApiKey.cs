using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace Granary.Gateway.Authentication;

/// <summary>A key in use: what it is recognised by, and the caller it makes.</summary>
internal sealed class ApiKey(string id, IReadOnlyList<ApiKeySecret> secrets, CallerIdentity caller)
{
    private long _usedHour;

    public string Id { get; } = id;

    public CallerIdentity Caller { get; } = caller;

    /// <summary>Whether the secret is one of this key's. Takes the same time for all that are not.</summary>
    public bool Accepts(ReadOnlySpan<byte> hash, DateTimeOffset now)
    {
        var accepts = false;
        for (var i = 0; i < secrets.Count; i++) accepts |= CryptographicOperations.FixedTimeEquals(secrets[i].HashBytes, hash) && (secrets[i].Expires is not { } end || end > now);
        return accepts && Caller.Expires > now;
    }

    /// <summary>True when this is the first use in this hour.</summary>
    public bool Use(DateTimeOffset now)
    {
        var hour = now.Ticks / TimeSpan.TicksPerHour;
        return Volatile.Read(ref _usedHour) != hour && Interlocked.Exchange(ref _usedHour, hour) != hour;
    }

    public void TakeUseOf(ApiKey other) => Volatile.Write(ref _usedHour, Volatile.Read(ref other._usedHour));

    public static CallerIdentity CallerOf(string subject, IEnumerable<string> roles, IEnumerable<string> scopes, string? tenant, DateTimeOffset? expires, CredentialKind kind)
    {
        string[] roleNames = [.. roles.Distinct(StringComparer.Ordinal)], scopeNames = [.. scopes.Distinct(StringComparer.Ordinal)];
        List<Claim> claims = [new("sub", subject), .. roleNames.Select(r => new Claim("role", r)), .. scopeNames.Select(s => new Claim("scope", s))];
        if (tenant is not null) claims.Add(new Claim("tenant", tenant));
        var principal = new ClaimsPrincipal(new ClaimsIdentity(claims, kind.ToString(), "sub", "role"));
        return new CallerIdentity(subject, [.. roleNames], [.. scopeNames], tenant, null, expires ?? DateTimeOffset.MaxValue, principal) { Credential = kind };
    }

    public static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}

/// <summary>What an administrator's key is stored as.</summary>
internal sealed record ApiKeyRow(string Name, string Subject, IReadOnlyList<string> Roles, IReadOnlyList<string> Scopes, string? Tenant, DateTimeOffset Created, string CreatedBy, DateTimeOffset? Expires, IReadOnlyList<ApiKeySecret> Secrets);

/// <summary>One of the secrets of a key: its SHA-256 in hexadecimal, which says nothing about 256 random bits.</summary>
internal sealed record ApiKeySecret(string Hash, DateTimeOffset? Expires)
{
    [JsonIgnore]
    public byte[] HashBytes { get; } = Convert.FromHexString(Hash);
}

[JsonSerializable(typeof(ApiKeyRow))]
[JsonSerializable(typeof(RevocationRow))]
[JsonSerializable(typeof(Blocking.BlockRow))]
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class SharedJson : JsonSerializerContext;
