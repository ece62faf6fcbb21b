using System.Buffers;
using System.Collections.Frozen;
using System.Net;
using System.Text.Json;
using Granary.Gateway.Sharing;
using Granary.Rpc;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Blocking;

/// <summary>
/// Who is refused: addresses, subjects, programs (by a part of their <c>User-Agent</c>, which anyone can change: against the clumsy, not the hostile). Those of the configuration, and those that administrators make,
/// which all gateways share. Thread-safe.
/// </summary>
public sealed class BlockList
{
    internal const string Reason = "BLOCKED";
    private const int MaxAgentLength = 512;

    private readonly ISharedTable _table;
    private readonly IOptionsMonitor<GatewayOptions> _options;
    private readonly TimeProvider _time;
    private volatile Lists _lists;

    public BlockList(ISharedTables tables, IOptionsMonitor<GatewayOptions> options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(tables);
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _time = time;
        _table = tables.Get("blocks", options.CurrentValue.Blocking.Maximum);
        _lists = new Lists(_table, options.CurrentValue.Blocking);
        _table.Changed += Build;
        options.OnChange(_ => Build());
    }

    /// <summary>Raised, on any thread, when there are others.</summary>
    public event Action? Changed;

    internal Task Loaded => _table.Loaded;

    /// <summary>Why a request from there, by that program, is refused; null when it is not. No allocation when nothing fits.</summary>
    internal (RpcException Error, string Kind)? RefusalOf(IPAddress? address, string? agent)
    {
        var lists = _lists;
        if (lists.HasAddresses && RefusalOf(address) is { } blocked) return (blocked, "blocked_address");
        if (lists.AgentParts is null || string.IsNullOrEmpty(agent)) return null;
        var text = agent.AsSpan(0, Math.Min(agent.Length, MaxAgentLength));
        if (!text.ContainsAny(lists.AgentParts)) return null;
        var now = _time.GetUtcNow();
        foreach (var (part, until) in lists.Agents)
        {
            if (until > now && text.Contains(part, StringComparison.OrdinalIgnoreCase)) return (new RpcException(StatusCode.PermissionDenied, "this program is blocked here") { Reason = Reason }, "blocked_agent");
        }

        return null;
    }

    /// <summary>Why a request from there is refused; null when it is not.</summary>
    internal RpcException? RefusalOf(IPAddress? address)
    {
        var lists = _lists;
        if (!lists.HasAddresses || address is null) return null;
        return lists.Holds(address, _time.GetUtcNow()) ? new RpcException(StatusCode.PermissionDenied, "this address is blocked here") { Reason = Reason } : null;
    }

    /// <summary>Why this caller is refused; null when they are not.</summary>
    internal RpcException? RefusalOf(CallerIdentity caller)
    {
        var lists = _lists;
        return lists.Subjects.Count > 0 && lists.Subjects.TryGetValue(caller.Subject, out var until) && until > _time.GetUtcNow()
            ? new RpcException(StatusCode.PermissionDenied, $"'{caller.Subject}' is blocked here") { Reason = Reason }
            : null;
    }

    /// <summary>Blocks an address or network, a subject or a program.</summary>
    /// <param name="kind"><c>address</c>, <c>subject</c> or <c>agent</c>.</param>
    /// <param name="value">Which.</param>
    /// <param name="lifetime">For how long; null until it is taken back.</param>
    /// <param name="reason">Why.</param>
    /// <param name="by">Who does it.</param>
    /// <param name="from">The address of who does it, which is not to be blocked by mistake.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="RpcException">It is no such thing, it would lock out who asks for it, there are too many, or they cannot be reached.</exception>
    public async Task<BlockView> AddAsync(string kind, string value, TimeSpan? lifetime, string reason, string by, IPAddress? from, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(value);
        var id = kind switch
        {
            "address" => AddressId(value, from),
            "subject" when value == by => throw RpcException.Invalid("value", "is you: you could not take it back"),
            "subject" when value.Length is > 0 and <= 400 => BlockRules.Subject + value,
            "subject" => throw RpcException.Invalid("value", "must have 1 to 400 characters"),
            "agent" => AgentId(value),
            _ => throw RpcException.Invalid("kind", "must be address, subject or agent"),
        };
        var row = new BlockRow(reason, by, _time.GetUtcNow());
        await _table.SetAsync(id, JsonSerializer.Serialize(row, SharedJson.Default.BlockRow), lifetime, null, cancellation);
        return new BlockView(id, reason, by, row.At) { Until = row.At + lifetime };
    }

    /// <summary>Takes a block back; false when there is none. Those of the configuration are changed there.</summary>
    public async Task<bool> RemoveAsync(string id, CancellationToken cancellation) => await _table.RemoveAsync(id, cancellation);

    /// <summary>Those that administrators have made and that are in force, by their ids.</summary>
    public IReadOnlyList<BlockView> List(string? after, int limit)
    {
        if (limit is < 1 or > 1000) throw RpcException.Invalid("limit", "must be 1 to 1000");
        var now = _time.GetUtcNow();
        return [.. _table.Rows.Where(r => r.Value.Expires > now && (after is null || string.CompareOrdinal(r.Key, after) > 0)).OrderBy(r => r.Key, StringComparer.Ordinal).Take(limit).Select(r => View(r.Key, r.Value))];
    }

    private static BlockView View(string id, SharedRow stored)
    {
        BlockRow? row = null;
        try
        {
            row = JsonSerializer.Deserialize(stored.Value, SharedJson.Default.BlockRow);
        }
        catch (JsonException)
        {
            // It blocks all the same.
        }

        return new BlockView(id, row?.Reason ?? "", row?.By ?? "", row?.At ?? default) { Until = stored.Expires == DateTimeOffset.MaxValue ? null : stored.Expires };
    }

    private static string AddressId(string value, IPAddress? from)
    {
        if (!BlockRules.TryReadNetwork(value, out var address, out var length)) throw RpcException.Invalid("value", "is no address or network; write for example 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32");
        if (from is { IsIPv4MappedToIPv6: true }) from = from.MapToIPv4();
        if (from is not null && from.AddressFamily == address.AddressFamily && BlockRules.Masked(from, length).Equals(address)) throw RpcException.Invalid("value", $"has your own address {from} in it: you could not take it back");
        return BlockRules.Address + BlockRules.Text(address, length);
    }

    private string AgentId(string value)
    {
        if (!BlockRules.IsAgent(value)) throw RpcException.Invalid("value", "must have 3 to 200 characters, without control characters");
        if (_lists.Agents.Count >= BlockRules.MaxAgents) throw new RpcException(StatusCode.ResourceExhausted, $"{BlockRules.MaxAgents} programs are blocked already, which is as many as are looked for");
        return BlockRules.Agent + value.ToLowerInvariant();
    }

    private void Build()
    {
        _lists = new Lists(_table, _options.CurrentValue.Blocking);
        Changed?.Invoke();
    }

    // What every request is compared with; replaced as a whole.
    private sealed class Lists
    {
        // One lookup for each length of network that is in use.
        private readonly (int Length, FrozenDictionary<IPAddress, DateTimeOffset> Networks)[] _v4;
        private readonly (int Length, FrozenDictionary<IPAddress, DateTimeOffset> Networks)[] _v6;

        public Lists(ISharedTable table, BlockOptions options)
        {
            var all = table.Rows.Select(r => (Id: r.Key, Until: r.Value.Expires))
                .Concat(options.Addresses.Select(a => (Id: BlockRules.Address + a, Until: DateTimeOffset.MaxValue)))
                .Concat(options.Subjects.Select(s => (Id: BlockRules.Subject + s, Until: DateTimeOffset.MaxValue)))
                .Concat(options.Agents.Select(a => (Id: BlockRules.Agent + a, Until: DateTimeOffset.MaxValue))).ToList();
            var networks = new List<(IPAddress Address, int Length, DateTimeOffset Until)>();
            foreach (var (text, until) in Of(BlockRules.Address))
            {
                if (BlockRules.TryReadNetwork(text, out var address, out var length)) networks.Add((address, length, until));
            }

            _v4 = ByLength(networks.Where(n => n.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork));
            _v6 = ByLength(networks.Where(n => n.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6));
            Subjects = Of(BlockRules.Subject).GroupBy(s => s.Text, StringComparer.Ordinal).ToFrozenDictionary(g => g.Key, g => g.Max(s => s.Until), StringComparer.Ordinal);
            Agents = [.. Of(BlockRules.Agent).Where(a => a.Text.Length > 0)];
            AgentParts = Agents.Count == 0 ? null : SearchValues.Create([.. Agents.Select(a => a.Text)], StringComparison.OrdinalIgnoreCase);

            IEnumerable<(string Text, DateTimeOffset Until)> Of(string kind) => all.Where(r => r.Id.StartsWith(kind, StringComparison.Ordinal)).Select(r => (r.Id[kind.Length..], r.Until));
        }

        public bool HasAddresses => _v4.Length > 0 || _v6.Length > 0;

        public FrozenDictionary<string, DateTimeOffset> Subjects { get; }

        public IReadOnlyList<(string Text, DateTimeOffset Until)> Agents { get; }

        public SearchValues<string>? AgentParts { get; }

        public bool Holds(IPAddress address, DateTimeOffset now)
        {
            if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
            foreach (var (length, networks) in address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? _v4 : _v6)
            {
                if (networks.TryGetValue(BlockRules.Masked(address, length), out var until) && until > now) return true;
            }

            return false;
        }

        private static (int Length, FrozenDictionary<IPAddress, DateTimeOffset> Networks)[] ByLength(IEnumerable<(IPAddress Address, int Length, DateTimeOffset Until)> networks) =>
            [.. networks.GroupBy(n => n.Length).Select(g => (g.Key, g.GroupBy(n => n.Address).ToFrozenDictionary(a => a.Key, a => a.Max(n => n.Until))))];
    }
}

/// <summary>What a block is stored as.</summary>
internal sealed record BlockRow(string Reason, string By, DateTimeOffset At);

/// <summary>A block.</summary>
/// <param name="Id"><c>address:</c>, <c>subject:</c> or <c>agent:</c>, and which.</param>
/// <param name="Reason">Why.</param>
/// <param name="By">Who did it.</param>
/// <param name="At">When.</param>
public sealed record BlockView(string Id, string Reason, string By, DateTimeOffset At)
{
    /// <summary>Until when; absent: until it is taken back.</summary>
    public DateTimeOffset? Until { get; init; }
}
