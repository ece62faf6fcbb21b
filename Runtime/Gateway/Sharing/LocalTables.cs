using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Granary.Gateway.Sharing;

/// <summary>The tables of a gateway that shares nothing: in memory, gone with the process.</summary>
internal sealed class LocalTables(TimeProvider time) : ISharedTables
{
    private readonly ConcurrentDictionary<string, LocalTable> _tables = new(StringComparer.Ordinal);

    public ISharedTable Get(string name, int capacity) => _tables.GetOrAdd(name, _ => new LocalTable(name, capacity, time));
}

/// <summary>One of them.</summary>
internal sealed class LocalTable(string name, int capacity, TimeProvider time) : ISharedTable
{
    private readonly Lock _lock = new();
    private volatile ImmutableDictionary<string, SharedRow> _rows = ImmutableDictionary.Create<string, SharedRow>(StringComparer.Ordinal);

    public event Action? Changed;

    public ImmutableDictionary<string, SharedRow> Rows => _rows;

    public Task Loaded => Task.CompletedTask;

    public ValueTask SetAsync(string id, string value, TimeSpan? lifetime, string? expected, CancellationToken cancellation)
    {
        SharedTableRules.Check(id, value);
        lock (_lock)
        {
            var now = time.GetUtcNow();
            var rows = _rows.RemoveRange(_rows.Where(r => r.Value.Expires <= now).Select(r => r.Key));
            var exists = rows.TryGetValue(id, out var row);
            if (expected is not null && (exists ? row.Value : "") != expected) throw SharedTableRules.Conflict(name, id);
            if (!exists && rows.Count >= capacity) throw SharedTableRules.Full(name, capacity);
            _rows = rows.SetItem(id, new SharedRow(value, lifetime is { } longest ? now + longest : DateTimeOffset.MaxValue));
        }

        Changed?.Invoke();
        return default;
    }

    public ValueTask<bool> RemoveAsync(string id, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (!_rows.ContainsKey(id)) return new(false);
            _rows = _rows.Remove(id);
        }

        Changed?.Invoke();
        return new(true);
    }
}
