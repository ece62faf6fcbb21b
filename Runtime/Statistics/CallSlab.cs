using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Granary.Statistics;

/// <summary>
/// One thread's counts of calls. Only that thread writes them, with plain stores; readers add up all slabs. A thread that ends leaves its slab, counts and all, to the next new one, so there are never more
/// slabs than there were threads at a time.
/// </summary>
/// <remarks>
/// Exact: calls begun and ended. Timed: every call that had to wait, and of those that ended at once (<see cref="EndedAtOnce"/>) about one in a millisecond for each method and thread: below a thousand calls a
/// second that is every call, and above it a timed one stands for those since the timed one before (<see cref="Weight"/>). A pair of timestamps costs as much as such a call itself.
/// One write comes from outside: a reader asks for the next call to be timed (<see cref="Wake"/>), so that a method which was busy and no longer is does not keep an old time for long. It may be lost to a
/// write of the thread's at the same time; the next reader asks again.
/// </remarks>
public sealed class CallSlab
{
    private const int MaxGap = 1 << 14;

    private static readonly long s_spacing = Stopwatch.Frequency / 1000;

    private Cell[] _cells = new Cell[16];
    private uint _random = 2463534242;

    internal CallSlab(CallRecorder owner) => Owner = owner;

    internal CallRecorder Owner { get; }

    /// <summary>A call of that method begins. True when it is to be timed; then <see cref="Weight"/> follows its end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Begin(int method)
    {
        var cells = _cells;
        if ((uint)method >= (uint)cells.Length) cells = Grow(method);
        ref var cell = ref cells[method];
        return ++cell.Begun >= cell.Due;
    }

    /// <summary>It has ended on this thread without waiting.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void EndedAtOnce(int method) => _cells[method].AtOnce++;

    /// <summary>After <see cref="EndedAtOnce"/> of a timed call: for how many calls its time stands.</summary>
    public long Weight(int method, long now)
    {
        ref var cell = ref _cells[method];
        var weight = cell.AtOnce - cell.Weighed;
        cell.Weighed = cell.AtOnce;
        var passed = now - cell.LastTimed;
        cell.LastTimed = now;
        if (passed < s_spacing) cell.Gap = Math.Min(MaxGap, (cell.Gap << 1) | 1);
        else if (passed > s_spacing << 1) cell.Gap >>= 1;

        // Not every n-th one exactly: what is called may have a rhythm of its own.
        cell.Due = cell.Begun + 1 + (cell.Gap == 0 ? 0 : (cell.Gap >> 1) + (Next() % cell.Gap));
        return weight;
    }

    /// <summary>A call that waited has ended on this thread. The number of such calls that it stands for where only some are looked at closely: 0 for not this one.</summary>
    public long EndedLater(int method, long now)
    {
        var cells = _cells;
        if ((uint)method >= (uint)cells.Length) cells = Grow(method);
        ref var cell = ref cells[method];
        cell.Later++;
        if (now - cell.LastLooked < s_spacing) return 0;
        cell.LastLooked = now;
        var weight = cell.Later - cell.Looked;
        cell.Looked = cell.Later;
        return weight;
    }

    /// <summary>What has been counted of a method. Ended ones are read first: there are never more of them than begun ones in sum, as long as all slabs' ended are read before any begun.</summary>
    internal long Ended(int method)
    {
        var cells = Volatile.Read(ref _cells);
        return method < cells.Length ? Volatile.Read(ref cells[method].AtOnce) + Volatile.Read(ref cells[method].Later) : 0;
    }

    internal long Begun(int method)
    {
        var cells = Volatile.Read(ref _cells);
        return method < cells.Length ? Volatile.Read(ref cells[method].Begun) : 0;
    }

    /// <summary>Asks for the next call of each method to be timed.</summary>
    internal void Wake()
    {
        var cells = Volatile.Read(ref _cells);
        for (var i = 0; i < cells.Length; i++)
        {
            if (cells[i].Due != 0) Volatile.Write(ref cells[i].Due, 0);
        }
    }

    private uint Next()
    {
        // Xorshift (Marsaglia 2003).
        var x = _random;
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        return _random = x;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Cell[] Grow(int method)
    {
        var grown = new Cell[Math.Max(method + 1, _cells.Length * 2)];
        _cells.AsSpan().CopyTo(grown);
        Volatile.Write(ref _cells, grown);
        return grown;
    }

    /// <summary>64 bytes: a cache line of one thread's.</summary>
    private struct Cell
    {
        internal long Begun;
        internal long Due;
        internal long AtOnce;
        internal long Later;
        internal long Weighed;
        internal long Looked;
        internal long LastTimed;
        internal long LastLooked;
        internal uint Gap;
    }
}
