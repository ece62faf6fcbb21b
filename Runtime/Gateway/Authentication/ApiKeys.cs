using System.Collections.Frozen;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Granary.Gateway.Sharing;
using Granary.Rpc;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Authentication;

/// <summary>
/// The API keys: those of the configuration, and those that administrators make, which all gateways share. Only the SHA-256 of a secret is kept: a secret has 256 random bits, so that nothing slower would
/// protect it better. Thread-safe.
/// </summary>
public sealed class ApiKeys
{
    private const int MaxSecrets = 2;

    private readonly ISharedTable _table;
    private readonly ISharedTable _uses;
    private readonly IOptionsMonitor<GatewayOptions> _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ApiKeys> _log;
    private readonly Lock _lock = new();
    private volatile FrozenDictionary<string, ApiKey> _keys = FrozenDictionary<string, ApiKey>.Empty;

    public ApiKeys(ISharedTables tables, IOptionsMonitor<GatewayOptions> options, TimeProvider time, ILogger<ApiKeys> log)
    {
        ArgumentNullException.ThrowIfNull(tables);
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _time = time;
        _log = log;
        var most = options.CurrentValue.Authentication.MaximumApiKeys;
        _table = tables.Get("keys", most);
        _uses = tables.Get("uses", most);
        _table.Changed += Build;
        options.OnChange(_ => Build());
        Build();
    }

    /// <summary>Whether the keys that administrators have made are known.</summary>
    internal Task Loaded => _table.Loaded;

    /// <summary>The caller of a key (<c>id.secret</c>); null when there is no such key, its secret is another one, or it has expired.</summary>
    internal CallerIdentity? Find(ReadOnlySpan<char> credential)
    {
        credential = credential.Trim();
        var dot = credential.IndexOf('.');
        if (dot < 1) return null;
        var secret = credential[(dot + 1)..];
        if (secret.IsEmpty || secret.Length > ApiKeyRules.MaxSecret) return null;
        Span<byte> bytes = stackalloc byte[ApiKeyRules.MaxSecret * 3];
        Span<byte> hash = stackalloc byte[ApiKeyRules.HashBytes];
        SHA256.HashData(bytes[..Encoding.UTF8.GetBytes(secret, bytes)], hash);
        if (!_keys.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(credential[..dot], out var key)) return null;
        var now = _time.GetUtcNow();
        if (!key.Accepts(hash, now)) return null;
        if (key.Use(now)) _ = NoteUseAsync(key.Id, now);
        return key.Caller;
    }

    /// <summary>Makes a key; its whole text is told this once.</summary>
    /// <exception cref="RpcException">There are as many keys as there may be, or they cannot be reached.</exception>
    public async Task<(ApiKeyView Key, string Text)> CreateAsync(string name, string subject, IReadOnlyList<string> roles, IReadOnlyList<string> scopes, string? tenant, TimeSpan? lifetime, string by, CancellationToken cancellation)
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        var secret = NewSecret();
        var now = _time.GetUtcNow();
        var row = new ApiKeyRow(name, subject, roles, scopes, tenant, now, by, now + lifetime, [new ApiKeySecret(Convert.ToHexStringLower(ApiKey.HashOf(secret)), null)]);
        await _table.SetAsync(id, Text(row), lifetime, "", cancellation);
        return (View(id, row), $"{id}.{secret}");
    }

    /// <summary>Gives a key another secret; the one before goes on for a while, and any older one not.</summary>
    /// <param name="id">Whose.</param>
    /// <param name="overlap">How long the secret before goes on.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="RpcException">There is no such key, or somebody else changes it.</exception>
    public async Task<(ApiKeyView Key, string Text)> RotateAsync(string id, TimeSpan overlap, CancellationToken cancellation)
    {
        if (!_table.Rows.TryGetValue(id, out var stored) || Row(stored.Value) is not { } row) throw NotFound(id);
        var secret = NewSecret();
        var now = _time.GetUtcNow();
        var before = row.Secrets.Where(s => s.Expires is not { } end || end > now).Select(s => s.Expires is { } end && end < now + overlap ? s : s with { Expires = now + overlap });
        row = row with { Secrets = [new ApiKeySecret(Convert.ToHexStringLower(ApiKey.HashOf(secret)), null), .. before.Take(overlap > TimeSpan.Zero ? MaxSecrets - 1 : 0)] };
        await _table.SetAsync(id, Text(row), row.Expires is { } expires ? expires - now : null, stored.Value, cancellation);
        return (View(id, row), $"{id}.{secret}");
    }

    /// <summary>Revokes a key; false when there is none.</summary>
    public async Task<bool> RemoveAsync(string id, CancellationToken cancellation)
    {
        if (!await _table.RemoveAsync(id, cancellation)) return false;
        await _uses.RemoveAsync(id, cancellation);
        return true;
    }

    /// <summary>The keys that administrators have made, by their ids.</summary>
    public IReadOnlyList<ApiKeyView> List()
    {
        var now = _time.GetUtcNow();
        return [.. _table.Rows.Where(r => r.Value.Expires > now).OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => (r.Key, Row: Row(r.Value.Value))).Where(r => r.Row is not null).Select(r => View(r.Key, r.Row!))];
    }

    private static RpcException NotFound(string id) => new(StatusCode.NotFound, $"there is no key '{id}'; GET /admin/keys has those there are. Keys of the configuration are changed there");

    private static string NewSecret() => System.Buffers.Text.Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    private static string Text(ApiKeyRow row) => JsonSerializer.Serialize(row, SharedJson.Default.ApiKeyRow);

    private static ApiKeyRow? Row(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, SharedJson.Default.ApiKeyRow);
        }
        catch (Exception exception) when (exception is JsonException or FormatException)
        {
            return null;
        }
    }

    private ApiKeyView View(string id, ApiKeyRow row) => new(id, row.Name, row.Subject, row.Roles, row.Scopes)
    {
        Tenant = row.Tenant,
        Created = row.Created,
        CreatedBy = row.CreatedBy,
        Expires = row.Expires,
        Secrets = row.Secrets.Count(s => s.Expires is not { } end || end > _time.GetUtcNow()),
        LastUsed = _uses.Rows.TryGetValue(id, out var used) && DateTimeOffset.TryParse(used.Value, CultureInfo.InvariantCulture, out var time) ? time : null,
    };

    // Coarse on purpose: once an hour for each key and gateway.
    private async Task NoteUseAsync(string id, DateTimeOffset now)
    {
        if (!_table.Rows.ContainsKey(id)) return;
        try
        {
            await _uses.SetAsync(id, now.ToString("yyyy-MM-ddTHH:00:00Z", CultureInfo.InvariantCulture), TimeSpan.FromDays(400), null, default);
        }
        catch (RpcException error)
        {
            GatewayLog.UseNotNoted(_log, id, error.Message);
        }
    }

    private void Build()
    {
        lock (_lock)
        {
            var keys = new Dictionary<string, ApiKey>(StringComparer.Ordinal);
            foreach (var (id, stored) in _table.Rows)
            {
                if (Row(stored.Value) is { } row) keys[id] = new ApiKey(id, row.Secrets, ApiKey.CallerOf(row.Subject, row.Roles, row.Scopes, row.Tenant, row.Expires, CredentialKind.ApiKey));
            }

            // What the configuration says of an id counts.
            foreach (var (id, key) in _options.CurrentValue.Authentication.ApiKeys)
                keys[id] = new ApiKey(id, [.. key.Hashes.Select(h => new ApiKeySecret(h, null))], ApiKey.CallerOf(key.Subject, key.Roles, key.Scopes, key.Tenant, key.Expires, CredentialKind.ApiKey));
            foreach (var (id, key) in keys)
            {
                if (_keys.TryGetValue(id, out var before)) key.TakeUseOf(before);
            }

            _keys = keys.ToFrozenDictionary(StringComparer.Ordinal);
        }
    }
}

/// <summary>An API key as administrators see it. Its secrets are nowhere.</summary>
/// <param name="Id">The part before the point.</param>
/// <param name="Name">What it is for.</param>
/// <param name="Subject">Who calls with it.</param>
/// <param name="Roles">The roles.</param>
/// <param name="Scopes">The scopes.</param>
public sealed record ApiKeyView(string Id, string Name, string Subject, IReadOnlyList<string> Roles, IReadOnlyList<string> Scopes)
{
    /// <summary>The tenant.</summary>
    public string? Tenant { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>By whom.</summary>
    public string CreatedBy { get; init; } = "";

    /// <summary>Until when it is good.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>How many secrets it has: two while one is being replaced.</summary>
    public int Secrets { get; init; }

    /// <summary>The hour of its last use, some gateway's.</summary>
    public DateTimeOffset? LastUsed { get; init; }
}
