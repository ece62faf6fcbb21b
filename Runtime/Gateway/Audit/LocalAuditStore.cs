using System.Globalization;
using Granary.Rpc;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Audit;

/// <summary>The entries of this process, in memory: what there is without Redis. They end with the process; its log has them.</summary>
internal sealed class LocalAuditStore(IOptions<GatewayOptions> options) : IAuditStore
{
    private readonly int _capacity = Math.Min(options.Value.Audit.Entries, 1000);
    private readonly Queue<AuditEntry> _entries = new();
    private readonly Lock _lock = new();
    private long _last;

    public ValueTask AppendAsync(AuditEntry entry, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (_entries.Count == _capacity) _entries.Dequeue();
            _entries.Enqueue(entry with { Id = (++_last).ToString(CultureInfo.InvariantCulture) });
        }

        return default;
    }

    public ValueTask<IReadOnlyList<AuditEntry>> ReadAsync(string? before, int limit, CancellationToken cancellation)
    {
        var end = long.MaxValue;
        if (before is not null && !long.TryParse(before, NumberStyles.None, CultureInfo.InvariantCulture, out end)) throw RpcException.Invalid("before", "is no id of an entry; write the one of the last entry you have");
        lock (_lock) return new([.. _entries.Reverse().SkipWhile(e => long.Parse(e.Id, CultureInfo.InvariantCulture) >= end).Take(limit)]);
    }
}
