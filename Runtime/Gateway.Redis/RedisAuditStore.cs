using System.Globalization;
using Granary.Gateway.Audit;
using Granary.Hosting;
using Granary.Rpc;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Granary.Gateway.Redis;

/// <summary>The audit log of all gateways of a service: a Redis Stream, cut to about its length. Its ids, which Redis gives, are in the order in which entries came.</summary>
internal sealed class RedisAuditStore(GatewayStore store, IOptions<GatewayOptions> options) : IAuditStore
{
    private readonly RedisKey _key = store.Prefix + "audit";
    private readonly int _entries = options.Value.Audit.Entries;

    public async ValueTask AppendAsync(AuditEntry entry, CancellationToken cancellation)
    {
        object[] command =
        [
            _key, "MAXLEN", "~", _entries, "*",
            "time", entry.Time.ToString("O", CultureInfo.InvariantCulture), "action", entry.Action, "target", entry.Target, "result", entry.Result,
            "actor", entry.Actor, "address", entry.Address, "trace", entry.TraceId, "detail", entry.Detail,
        ];
        await AskAsync("XADD", command, cancellation);
    }

    public async ValueTask<IReadOnlyList<AuditEntry>> ReadAsync(string? before, int limit, CancellationToken cancellation)
    {
        if (before is not null && !IsId(before)) throw RpcException.Invalid("before", "is no id of an entry; write the one of the last entry you have");
        var found = await AskAsync("XREVRANGE", [_key, before is null ? "+" : "(" + before, "-", "COUNT", limit], cancellation);
        return [.. ((RedisResult[])found).Select(Read)];
    }

    private static bool IsId(string text)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        return dash > 0 && ulong.TryParse(text.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out _) && ulong.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _);
    }

    private static AuditEntry Read(RedisResult item)
    {
        var parts = (RedisResult[])item;
        var values = (RedisResult[])parts[1];
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i + 1 < values.Length; i += 2) fields[(string)values[i]] = (string)values[i + 1];
        return new AuditEntry(fields.GetValueOrDefault("action", ""), fields.GetValueOrDefault("target", ""), fields.GetValueOrDefault("result", ""))
        {
            Id = (string)parts[0],
            Time = DateTimeOffset.TryParse(fields.GetValueOrDefault("time"), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var time) ? time : default,
            Actor = fields.GetValueOrDefault("actor", ""),
            Address = fields.GetValueOrDefault("address", ""),
            TraceId = fields.GetValueOrDefault("trace", ""),
            Detail = fields.GetValueOrDefault("detail", ""),
        };
    }

    private async Task<RedisResult> AskAsync(string command, object[] arguments, CancellationToken cancellation)
    {
        try
        {
            return await store.Connection.RunAsync(database => database.ExecuteAsync(command, arguments), cancellation);
        }
        catch (RedisRequestException error)
        {
            throw new RpcException(StatusCode.Unavailable, "the audit log cannot be reached", error);
        }
    }
}
