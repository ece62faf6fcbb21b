using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using Granary.Gateway.Sharing;
using Granary.Rpc;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Authentication;

/// <summary>
/// The tokens that are refused before they expire: one by its id (<c>jti</c>), or all that a subject was issued until some moment. All gateways share them, and each has them in memory. A revocation lasts as long as a
/// token may be valid (<see cref="AuthenticationOptions.LongestToken"/>), unless it says otherwise. API keys and certificates are not tokens: a key is removed, a subject blocked. Thread-safe.
/// </summary>
public sealed class Revocations
{
    private const string ById = "token:";
    private const string BySubject = "subject:";

    private readonly ISharedTable _table;
    private readonly IOptions<GatewayOptions> _options;
    private readonly TimeProvider _time;
    private volatile Set _set;

    public Revocations(ISharedTables tables, IOptions<GatewayOptions> options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(tables);
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _time = time;
        _table = tables.Get("revocations", options.Value.Authentication.MaximumRevocations);
        _set = Set.Of(_table);
        _table.Changed += () =>
        {
            _set = Set.Of(_table);
            Changed?.Invoke();
        };
    }

    /// <summary>Raised, on any thread, when there are others.</summary>
    public event Action? Changed;

    internal Task Loaded => _table.Loaded;

    /// <summary>Whether this token is refused.</summary>
    public bool Contains(CallerIdentity caller)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var set = _set;
        if (set.IsEmpty || caller.Credential != CredentialKind.Token) return false;
        var now = _time.GetUtcNow();
        if (caller.TokenId is { } id && set.Tokens.TryGetValue(id, out var until) && until > now) return true;

        // To the second, as tokens are: one of that very second counts as issued before.
        return set.Subjects.TryGetValue(caller.Subject, out var entry) && entry.Until > now && caller.IssuedAt <= entry.Before;
    }

    /// <summary>Revokes one token.</summary>
    /// <param name="tokenId">Its <c>jti</c>, up to 400 characters.</param>
    /// <param name="expires">When the token expires, if that is known.</param>
    /// <param name="reason">Why, up to 200 characters.</param>
    /// <param name="by">Who does it.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="RpcException">There are too many, or they cannot be reached.</exception>
    public Task<RevocationView> RevokeTokenAsync(string tokenId, DateTimeOffset? expires, string reason, string by, CancellationToken cancellation) =>
        SetAsync(ById + tokenId, new RevocationRow(null, reason, by, _time.GetUtcNow()), expires, cancellation);

    /// <summary>Revokes every token that a subject was issued until now, or until some moment before.</summary>
    /// <inheritdoc cref="RevokeTokenAsync"/>
    /// <param name="subject">Its <c>sub</c>, up to 400 characters.</param>
    /// <param name="before">Until when; by default now.</param>
    /// <param name="reason">Why, up to 200 characters.</param>
    /// <param name="by">Who does it.</param>
    /// <param name="cancellation">Gives up.</param>
    public Task<RevocationView> RevokeSubjectAsync(string subject, DateTimeOffset? before, string reason, string by, CancellationToken cancellation)
    {
        var now = _time.GetUtcNow();

        // An earlier moment never takes back a later one.
        var id = BySubject + subject;
        var moment = before is { } earlier && earlier < now ? earlier : now;
        if (_table.Rows.TryGetValue(id, out var row) && Row(row.Value)?.Before is { } known && known > moment) moment = known;
        return SetAsync(id, new RevocationRow(moment, reason, by, now), null, cancellation);
    }

    /// <summary>Takes a revocation back; false when there is none.</summary>
    public async Task<bool> RemoveAsync(string id, CancellationToken cancellation) => await _table.RemoveAsync(id, cancellation);

    /// <summary>Those in force, by their ids.</summary>
    public IReadOnlyList<RevocationView> List(string? after, int limit)
    {
        if (limit is < 1 or > 1000) throw RpcException.Invalid("limit", "must be 1 to 1000");
        var now = _time.GetUtcNow();
        return
        [
            .. _table.Rows.Where(r => r.Value.Expires > now && (after is null || string.CompareOrdinal(r.Key, after) > 0)).OrderBy(r => r.Key, StringComparer.Ordinal).Take(limit)
                .Select(r => (r.Key, r.Value.Expires, Row: Row(r.Value.Value))).Where(r => r.Row is not null).Select(r => View(r.Key, r.Row!, r.Expires)),
        ];
    }

    private static RevocationView View(string id, RevocationRow row, DateTimeOffset until) => new(id, row.Reason, row.By, row.At, until) { IssuedUntil = row.Before };

    private static RevocationRow? Row(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, SharedJson.Default.RevocationRow);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task<RevocationView> SetAsync(string id, RevocationRow row, DateTimeOffset? expires, CancellationToken cancellation)
    {
        var options = _options.Value.Authentication;
        var now = _time.GetUtcNow();
        var longest = options.LongestToken + options.ClockSkew + TimeSpan.FromMinutes(1);
        var lifetime = expires is { } end ? end - now + options.ClockSkew + TimeSpan.FromMinutes(1) : longest;
        if (lifetime <= TimeSpan.Zero) throw RpcException.Invalid("expires", string.Create(CultureInfo.InvariantCulture, $"is over: a token that expired at {expires:O} is refused anyway"));
        if (lifetime > longest) lifetime = longest;
        await _table.SetAsync(id, JsonSerializer.Serialize(row, SharedJson.Default.RevocationRow), lifetime, null, cancellation);
        return View(id, row, now + lifetime);
    }

    // What is looked up for every call; replaced as a whole.
    private sealed record Set(FrozenDictionary<string, DateTimeOffset> Tokens, FrozenDictionary<string, (DateTimeOffset Before, DateTimeOffset Until)> Subjects)
    {
        public bool IsEmpty { get; } = Tokens.Count == 0 && Subjects.Count == 0;

        public static Set Of(ISharedTable table)
        {
            var tokens = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
            var subjects = new Dictionary<string, (DateTimeOffset, DateTimeOffset)>(StringComparer.Ordinal);
            foreach (var (id, row) in table.Rows)
            {
                // A row that cannot be read revokes all the same: it was put there to close something.
                if (id.StartsWith(ById, StringComparison.Ordinal)) tokens[id[ById.Length..]] = row.Expires;
                else if (id.StartsWith(BySubject, StringComparison.Ordinal)) subjects[id[BySubject.Length..]] = (Row(row.Value)?.Before ?? DateTimeOffset.MaxValue, row.Expires);
            }

            return new Set(tokens.ToFrozenDictionary(StringComparer.Ordinal), subjects.ToFrozenDictionary(StringComparer.Ordinal));
        }
    }
}

/// <summary>What a revocation is stored as.</summary>
internal sealed record RevocationRow(DateTimeOffset? Before, string Reason, string By, DateTimeOffset At);

/// <summary>A revocation.</summary>
/// <param name="Id"><c>token:</c> and a token's id, or <c>subject:</c> and a subject.</param>
/// <param name="Reason">Why.</param>
/// <param name="By">Who did it.</param>
/// <param name="At">When.</param>
/// <param name="Until">Until when it is kept: no token it is about is valid any more then.</param>
public sealed record RevocationView(string Id, string Reason, string By, DateTimeOffset At, DateTimeOffset Until)
{
    /// <summary>Of a subject: tokens issued until then are refused.</summary>
    public DateTimeOffset? IssuedUntil { get; init; }
}
