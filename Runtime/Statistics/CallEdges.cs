using System.Collections.Concurrent;
using Orleans.Runtime;

namespace Granary.Statistics;

/// <summary>Who calls whom, by grain type. At most so many pairs; what comes after them is counted from <c>other</c>. Thread-safe.</summary>
internal sealed class CallEdges(int most)
{
    private static readonly GrainType s_other = GrainType.Create("other");

    private readonly ConcurrentDictionary<(GrainType From, GrainType To), Edge> _edges = new();
    private int _count;

    internal IEnumerable<KeyValuePair<(GrainType From, GrainType To), Edge>> All => _edges;

    /// <summary>The pair's counts.</summary>
    internal Edge Of(GrainType from, GrainType to)
    {
        if (_edges.TryGetValue((from, to), out var edge)) return edge;

        // One place is kept for the others.
        if (Volatile.Read(ref _count) >= most - 1) return _edges.GetOrAdd((s_other, s_other), static _ => new Edge());
        var made = new Edge();
        edge = _edges.GetOrAdd((from, to), made);
        if (ReferenceEquals(edge, made)) Interlocked.Increment(ref _count);
        return edge;
    }

    /// <summary>The calls of one pair; from samples, each with the number of calls it stands for.</summary>
    internal sealed class Edge
    {
        private long _calls;
        private long _errors;

        internal DurationHistogram Durations { get; } = new();

        internal long Calls => Volatile.Read(ref _calls);

        internal long Errors => Volatile.Read(ref _errors);

        internal void Add(long calls, long errors, long nanoseconds)
        {
            Interlocked.Add(ref _calls, calls);
            if (errors > 0) Interlocked.Add(ref _errors, errors);
            Durations.Record(nanoseconds, calls);
        }
    }
}
