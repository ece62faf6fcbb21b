using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Granary.Gateway.Authentication;

/// <summary>
/// The callers of tokens that were found valid, for a while. Bounded; thread-safe; nothing is allocated to look one up. Only valid tokens get in, so strangers cannot fill it.
/// </summary>
internal sealed class TokenCache(int capacity, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Entry> _entries = new(SignatureComparer.Instance);
    private int _count;
    private int _generation;

    /// <summary>Changes when everything was forgotten.</summary>
    public int Generation => Volatile.Read(ref _generation);

    /// <summary>The caller of a credential (the whole header value) that was added before and has not expired.</summary>
    public bool TryGet(string credential, [NotNullWhen(true)] out CallerIdentity? caller)
    {
        if (_entries.TryGetValue(credential, out var entry))
        {
            if (entry.Until > time.GetUtcNow().UtcTicks && entry.Generation == Generation)
            {
                caller = entry.Caller;
                return true;
            }

            Remove(credential, entry);
        }

        caller = null;
        return false;
    }

    /// <param name="credential">The whole header value.</param>
    /// <param name="caller">Whom it proves.</param>
    /// <param name="until">When it must be checked anew.</param>
    /// <param name="generation">The <see cref="Generation"/> before it was checked: what was checked against keys that are withdrawn by now is not remembered.</param>
    public void Add(string credential, CallerIdentity caller, DateTimeOffset until, int generation)
    {
        if (capacity == 0 || generation != Generation) return;
        if (Volatile.Read(ref _count) >= capacity) MakeRoom();
        if (_entries.TryAdd(credential, new Entry(caller, until.UtcTicks, generation))) Interlocked.Increment(ref _count);
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Interlocked.Increment(ref _generation);
        foreach (var (credential, entry) in _entries) Remove(credential, entry);
    }

    // Rare: the expired ones go, and, when that is not enough, whichever come first until an eighth is free.
    private void MakeRoom()
    {
        var now = time.GetUtcNow().UtcTicks;
        foreach (var (credential, entry) in _entries)
        {
            if (entry.Until <= now) Remove(credential, entry);
        }

        foreach (var (credential, entry) in _entries)
        {
            if (Volatile.Read(ref _count) <= capacity - Math.Max(1, capacity / 8)) break;
            Remove(credential, entry);
        }
    }

    private void Remove(string credential, Entry entry)
    {
        if (_entries.TryRemove(new KeyValuePair<string, Entry>(credential, entry))) Interlocked.Decrement(ref _count);
    }

    private sealed record Entry(CallerIdentity Caller, long Until, int Generation);

    // A token ends in its signature, which is as good as random: hashing its last 8 characters is enough, and spares hashing some hundred others on every call.
    private sealed class SignatureComparer : IEqualityComparer<string>
    {
        public static SignatureComparer Instance { get; } = new();

        public bool Equals(string? x, string? y) => string.Equals(x, y, StringComparison.Ordinal);

        public int GetHashCode(string obj)
        {
            if (obj.Length < 8) return obj.Length;
            var words = MemoryMarshal.Cast<char, ulong>(obj.AsSpan(obj.Length - 8));
            var mixed = (words[0] * 0x9E3779B97F4A7C15UL) ^ words[1];
            return (int)((mixed * 0xD6E8FEB86659FD93UL) >> 32);
        }
    }
}
