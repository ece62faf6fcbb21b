using System.Collections.Concurrent;

namespace Granary.Gateway.Admission;

/// <summary>What a <see cref="PartitionTable{T}"/> holds.</summary>
internal interface IPartition
{
    /// <summary>Ends it if it is the same as a new one; it answers nobody afterwards, so that whoever holds it still looks again.</summary>
    bool TryForget(long now);
}

/// <summary>
/// The partitions of all policies. Bounded: one that is like a new one is forgotten when room is needed, and no other ever is, so that nobody gets a new bucket by flooding the table with names; when all are in use,
/// newcomers share one for each scope. Thread-safe.
/// </summary>
internal sealed class PartitionTable<T>(int maximum, TimeProvider time)
    where T : class, IPartition, new()
{
    private readonly ConcurrentDictionary<PartitionKey, T> _partitions = new();
    private int _count;
    private long _sweepAfter = long.MinValue;

    public int Count => Volatile.Read(ref _count);

    /// <summary>All there are now.</summary>
    public IEnumerable<T> All() => _partitions.Select(p => p.Value);

    /// <param name="key">Which one; the key of the one that newcomers share, when it is that.</param>
    /// <param name="now">The time.</param>
    public T Get(ref PartitionKey key, long now)
    {
        if (_partitions.TryGetValue(key, out var found)) return found;
        if (Count >= maximum && !Sweep(now)) key = key.Overflow;
        var made = new T();
        while (true)
        {
            if (_partitions.TryGetValue(key, out found)) return found;
            if (!_partitions.TryAdd(key, made)) continue;
            Interlocked.Increment(ref _count);
            return made;
        }
    }

    // At most once a second, however many newcomers there are. True when there is room.
    private bool Sweep(long now)
    {
        var after = Volatile.Read(ref _sweepAfter);
        if (now < after || Interlocked.CompareExchange(ref _sweepAfter, now + time.TimestampFrequency, after) != after) return Count < maximum;
        foreach (var pair in _partitions)
        {
            if (pair.Value.TryForget(now) && _partitions.TryRemove(pair)) Interlocked.Decrement(ref _count);
        }

        return Count < maximum;
    }
}
