using System.Diagnostics;
using Orleans.Runtime;

namespace Granary.Statistics;

/// <summary>
/// The grains called most, by Space-Saving (Metwally, Agrawal, El Abbadi 2005) over the last ten to twenty seconds. With n counters and N calls counted, each count is at most N/n too high, and every grain with
/// more than N/n calls has a counter; what is told is the count without the part that may be others' (<see cref="Entry.AtLeast"/>). Thread-safe; counts come sampled and weighted, which adds the error of a sample.
/// </summary>
internal sealed class HotGrains(int counters)
{
    private static readonly long s_window = Stopwatch.Frequency * 10;

    private readonly Lock _lock = new();
    private Window _current = new(counters, 0);
    private Window? _previous;

    /// <summary>Counts calls of a grain.</summary>
    internal void Add(GrainId grain, long weight, long now)
    {
        lock (_lock)
        {
            Turn(now);
            _current.Add(grain, weight);
        }
    }

    /// <summary>The first <paramref name="most"/>, the most called first, with calls a second.</summary>
    internal List<(GrainId Grain, double PerSecond)> Read(int most, long now)
    {
        lock (_lock)
        {
            Turn(now);
            var from = _previous?.From ?? _current.From;
            var seconds = Math.Max(1, (now - from) / (double)Stopwatch.Frequency);
            var sum = new Dictionary<GrainId, long>();
            foreach (var entry in _current.Entries.Concat(_previous?.Entries ?? []))
            {
                if (entry.AtLeast > 0) sum[entry.Grain] = sum.GetValueOrDefault(entry.Grain) + entry.AtLeast;
            }

            return [.. sum.OrderByDescending(p => p.Value).Take(most).Select(p => (p.Key, p.Value / seconds))];
        }
    }

    private void Turn(long now)
    {
        if (_current.From == 0) _current = new Window(counters, now);
        if (now - _current.From < s_window) return;
        _previous = now - _current.From < s_window * 2 ? _current : null;
        _current = new Window(counters, now);
    }

    internal readonly record struct Entry(GrainId Grain, long Count, long Error)
    {
        internal long AtLeast => Count - Error;
    }

    /// <summary>The counters of ten seconds.</summary>
    internal sealed class Window(int counters, long from)
    {
        private readonly Dictionary<GrainId, int> _places = new(counters);
        private readonly GrainId[] _grains = new GrainId[counters];
        private readonly long[] _counts = new long[counters];
        private readonly long[] _errors = new long[counters];
        private int _used;

        internal long From { get; } = from;

        internal IEnumerable<Entry> Entries => Enumerable.Range(0, _used).Select(i => new Entry(_grains[i], _counts[i], _errors[i]));

        internal void Add(GrainId grain, long weight)
        {
            if (_places.TryGetValue(grain, out var place))
            {
                _counts[place] += weight;
                return;
            }

            long error = 0;
            if (_used < counters)
            {
                place = _used++;
            }
            else
            {
                place = Least();
                error = _counts[place];
                _places.Remove(_grains[place]);
            }

            _places[grain] = place;
            _grains[place] = grain;
            _counts[place] = error + weight;
            _errors[place] = error;
        }

        private int Least()
        {
            var least = 0;
            for (var i = 1; i < _used; i++)
            {
                if (_counts[i] < _counts[least]) least = i;
            }

            return least;
        }
    }
}
