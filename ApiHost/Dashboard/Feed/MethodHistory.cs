namespace Granary.ApiHost.Dashboard.Feed;

/// <summary>Calls a second of each method over the last 15 minutes in steps of five seconds, while somebody watches. Thread-safe.</summary>
internal sealed class MethodHistory
{
    internal const int StepSeconds = 5;

    private const int Points = 180;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Queue<double>> _rates = new(StringComparer.Ordinal);

    /// <summary>Adds a step: methods that are not named had no calls.</summary>
    internal void Add(IReadOnlyDictionary<string, double> rates)
    {
        lock (_lock)
        {
            foreach (var name in rates.Keys) _rates.TryAdd(name, new Queue<double>());
            foreach (var (name, points) in _rates)
            {
                points.Enqueue(rates.GetValueOrDefault(name));
                if (points.Count > Points) points.Dequeue();
            }
        }
    }

    internal ServicesHistoryMessage Read()
    {
        lock (_lock) return new ServicesHistoryMessage(StepSeconds * 1000, _rates.ToDictionary(r => r.Key, IReadOnlyList<double> (r) => [.. r.Value], StringComparer.Ordinal));
    }
}
