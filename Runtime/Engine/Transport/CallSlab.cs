using System.Diagnostics.CodeAnalysis;
using Granary.Calls;

namespace Granary.Engine.Transport;

/// <summary>
/// The calls of one connection that wait for an answer, by correlation: the number of a slot and how often the slot has been used. An answer that is late, doubled or made up finds
/// its slot empty or used by a later call, and nobody.
/// </summary>
/// <remarks>
/// Adding is for one thread at a time (the connection's lock); taking out is for any number at once. A slot's state is <c>generation &lt;&lt; 1 | taken</c>; whoever moves it from
/// taken to the next generation, by compare-and-set, has the call and is alone in having it. Free slots are a stack: several push, one pops, so that a popped head cannot come back unseen.
/// Allocates only when there are more calls in flight than ever before; slots never move.
/// </remarks>
internal sealed class CallSlab
{
    /// <summary>Calls that may be in flight at once.</summary>
    internal const int MaxCalls = (1 << IndexBits) - 1;

    private const int IndexBits = 20;
    private const int ChunkSize = 256;

    private Slot[][] _chunks = [];
    private int _used;
    private int _free = -1;
    private long _added;
    private long _removed;

    /// <summary>Calls in flight.</summary>
    internal int Count => (int)(Volatile.Read(ref _added) - Volatile.Read(ref _removed));

    /// <summary>Calls ever put in.</summary>
    internal long Added => Volatile.Read(ref _added);

    /// <summary>Puts a call in. One thread at a time.</summary>
    /// <returns>The correlation; 0 when there is no room.</returns>
    internal ulong Add(Call call)
    {
        var index = Pop();
        if (index < 0)
        {
            if (_used == MaxCalls) return 0;
            index = _used++;
            if (index / ChunkSize == _chunks.Length) _chunks = [.. _chunks, new Slot[ChunkSize]];
        }

        ref var slot = ref At(index);
        slot.Call = call;
        var generation = slot.State >> 1;
        Volatile.Write(ref slot.State, (generation << 1) | 1);
        _added++;
        return (generation << IndexBits) | (uint)(index + 1);
    }

    /// <summary>The call with that correlation, still in its slot; null when it is not there. For calls that are not pooled.</summary>
    internal Call? Find(ulong correlation)
    {
        if (!TryLocate(correlation, out var index, out var taken)) return null;
        ref var slot = ref At(index);
        if (Volatile.Read(ref slot.State) != taken) return null;
        var call = slot.Call;
        return Volatile.Read(ref slot.State) == taken ? call : null;
    }

    /// <summary>Takes a call out. True for exactly one of those who try.</summary>
    internal bool TryTake(ulong correlation, [NotNullWhen(true)] out Call? call) => TryTake(correlation, null, out call);

    /// <summary>Takes this call out, and no other that may have come to its slot.</summary>
    internal bool TryTake(Call call) => TryTake(call.Correlation, call, out _);

    /// <summary>Takes out everything that is in. Nothing may be added any more.</summary>
    internal List<(ulong Correlation, Call Call)> TakeAll()
    {
        var all = new List<(ulong, Call)>();
        for (var index = 0; index < _used; index++)
        {
            var state = Volatile.Read(ref At(index).State);
            var correlation = (state >> 1 << IndexBits) | (uint)(index + 1);
            if ((state & 1) != 0 && TryTake(correlation, out var call)) all.Add((correlation, call));
        }

        return all;
    }

    private bool TryTake(ulong correlation, Call? expected, [NotNullWhen(true)] out Call? call)
    {
        call = null;
        if (!TryLocate(correlation, out var index, out var taken)) return false;
        ref var slot = ref At(index);
        if (Volatile.Read(ref slot.State) != taken) return false;
        // Read before the exchange: it is this generation's as long as the state is, and another's afterwards.
        var found = slot.Call!;
        if (expected is not null && !ReferenceEquals(expected, found)) return false;
        if (Interlocked.CompareExchange(ref slot.State, ((taken >> 1) + 1) << 1, taken) != taken) return false;
        slot.Call = null;
        Push(index, ref slot);
        Interlocked.Increment(ref _removed);
        call = found;
        return true;
    }

    private bool TryLocate(ulong correlation, out int index, out ulong taken)
    {
        index = (int)(correlation & ((1 << IndexBits) - 1)) - 1;
        taken = (correlation >> IndexBits << 1) | 1;
        return (uint)index < (uint)(Volatile.Read(ref _chunks).Length * ChunkSize);
    }

    private ref Slot At(int index) => ref Volatile.Read(ref _chunks)[index / ChunkSize][index % ChunkSize];

    private int Pop()
    {
        while (true)
        {
            var head = Volatile.Read(ref _free);
            if (head < 0) return -1;
            if (Interlocked.CompareExchange(ref _free, At(head).NextFree, head) == head) return head;
        }
    }

    private void Push(int index, ref Slot slot)
    {
        int head;
        do
        {
            head = Volatile.Read(ref _free);
            slot.NextFree = head;
        }
        while (Interlocked.CompareExchange(ref _free, index, head) != head);
    }

    private struct Slot
    {
        internal Call? Call;
        internal ulong State;
        internal int NextFree;
    }
}
