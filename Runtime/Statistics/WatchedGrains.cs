using Orleans.Runtime;

namespace Granary.Statistics;

/// <summary>The grains somebody looks at, and the last calls of each. Immutable but for the calls; the set is replaced as a whole.</summary>
internal sealed class WatchedGrains
{
    private readonly Dictionary<GrainId, LastCalls> _grains = [];

    /// <summary>Whether the calls of this grain are kept.</summary>
    public bool Contains(GrainId grain) => _grains.ContainsKey(grain);

    internal LastCalls? Find(GrainId grain) => _grains.GetValueOrDefault(grain);

    /// <summary>The same set with this grain too; the one looked at longest ago gives way when there are too many, and those that nobody has looked at for long go.</summary>
    internal WatchedGrains With(GrainId grain, int mostGrains, int mostCalls, long now, long idle)
    {
        var next = new WatchedGrains();
        foreach (var (id, calls) in _grains.Where(g => now - g.Value.LookedAt < idle && g.Key != grain).OrderByDescending(g => g.Value.LookedAt).Take(mostGrains - 1)) next._grains.Add(id, calls);
        next._grains.Add(grain, _grains.GetValueOrDefault(grain) ?? new LastCalls(mostCalls, now));
        return next;
    }

    /// <summary>What is left when those that nobody has looked at for long are gone; null for none.</summary>
    internal WatchedGrains? Without(long now, long idle)
    {
        if (_grains.Values.All(c => now - c.LookedAt < idle)) return this;
        var next = new WatchedGrains();
        foreach (var (id, calls) in _grains.Where(g => now - g.Value.LookedAt < idle)) next._grains.Add(id, calls);
        return next._grains.Count == 0 ? null : next;
    }
}

/// <summary>The last calls of one grain. Thread-safe.</summary>
internal sealed class LastCalls(int most, long now)
{
    private readonly Lock _lock = new();
    private readonly EndedCall[] _calls = new EndedCall[most];
    private long _count;

    /// <summary>When somebody last asked for them, timestamp.</summary>
    internal long LookedAt = now;

    internal void Add(in EndedCall call)
    {
        lock (_lock) _calls[_count++ % most] = call;
    }

    /// <summary>The newest first.</summary>
    internal EndedCall[] Read()
    {
        lock (_lock)
        {
            var count = (int)Math.Min(_count, most);
            var calls = new EndedCall[count];
            for (var i = 0; i < count; i++) calls[i] = _calls[(_count - 1 - i) % most];
            return calls;
        }
    }
}
