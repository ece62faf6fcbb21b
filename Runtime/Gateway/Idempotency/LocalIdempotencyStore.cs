using Granary.Rpc;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Idempotency;

/// <summary>The store of a gateway that shares nothing: in memory, gone with the process, bounded.</summary>
internal sealed class LocalIdempotencyStore(IOptions<GatewayOptions> options, TimeProvider time) : IIdempotencyStore
{
    private readonly int _capacity = options.Value.Idempotency.Entries;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Row> _rows = new(StringComparer.Ordinal);

    // In the order of their ends, since all are kept for the same time.
    private readonly LinkedList<Row> _byAge = new();

    public ValueTask<IdempotencyEntry> BeginAsync(string id, ReadOnlyMemory<byte> fingerprint, string owner, TimeSpan lease, TimeSpan keep, bool mayTakeOver, CancellationToken cancellation)
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            while (_byAge.First is { } oldest && time.GetElapsedTime(oldest.Value.Begun, now) >= keep) Remove(oldest.Value);
            if (_rows.TryGetValue(id, out var row))
            {
                if (!row.Fingerprint.AsSpan().SequenceEqual(fingerprint.Span)) return new(new IdempotencyEntry(IdempotencyState.OtherCall));
                if (row.Outcome is { } outcome) return new(new IdempotencyEntry(IdempotencyState.Done, outcome));
                if (row.Owner is not null && time.GetElapsedTime(row.LeasedAt, now) < row.Lease) return new(new IdempotencyEntry(IdempotencyState.Running));
                if (!mayTakeOver) return new(new IdempotencyEntry(IdempotencyState.Unknown));
            }
            else
            {
                if (_rows.Count >= _capacity)
                    throw new RpcException(StatusCode.ResourceExhausted, $"{_capacity} calls with idempotency keys are remembered, and no more can be; call without one, or later") { RetryAfter = TimeSpan.FromMinutes(1) };
                row = new Row(id, fingerprint.ToArray(), now);
                _rows.Add(id, row);
                row.Place = _byAge.AddLast(row);
            }

            row.Owner = owner;
            row.LeasedAt = now;
            row.Lease = lease;
            return new(new IdempotencyEntry(IdempotencyState.Ours));
        }
    }

    public ValueTask EndAsync(string id, string owner, ReadOnlyMemory<byte>? outcome, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (!_rows.TryGetValue(id, out var row) || row.Owner != owner) return default;
            row.Owner = null;
            row.Outcome = outcome?.ToArray();
        }

        return default;
    }

    public ValueTask ForgetAsync(string id, string owner, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (_rows.TryGetValue(id, out var row) && row.Owner == owner) Remove(row);
        }

        return default;
    }

    private void Remove(Row row)
    {
        _rows.Remove(row.Id);
        _byAge.Remove(row.Place!);
    }

    private sealed class Row(string id, byte[] fingerprint, long begun)
    {
        public string Id { get; } = id;

        public LinkedListNode<Row>? Place { get; set; }

        public byte[] Fingerprint { get; } = fingerprint;

        public long Begun { get; } = begun;

        public string? Owner { get; set; }

        public long LeasedAt { get; set; }

        public TimeSpan Lease { get; set; }

        public byte[]? Outcome { get; set; }
    }
}
