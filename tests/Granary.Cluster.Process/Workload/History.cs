using System.Diagnostics;

namespace Granary.Cluster.Workload;

/// <summary>Every call of the load, in the order in which they began. Thread-safe.</summary>
internal sealed class History
{
    /// <summary>What a call may take beyond its deadline before it counts as one without an end: the machine is busy.</summary>
    internal static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly List<Operation> _operations = [];

    /// <summary>Makes a call and writes down how it ended. Never throws.</summary>
    internal async Task<Operation> CallAsync(Kind kind, string grain, TimeSpan deadline, Func<Operation, Task> call)
    {
        var operation = new Operation(kind, grain, Stopwatch.GetTimestamp(), deadline);
        lock (_lock) _operations.Add(operation);
        try
        {
            await call(operation);
            operation.End(Outcome.Acknowledged, null, Stopwatch.GetTimestamp());
        }
        catch (Exception error)
        {
            operation.End(Outcomes.Of(error), error, Stopwatch.GetTimestamp());
        }

        return operation;
    }

    /// <summary>All calls so far.</summary>
    internal Operation[] All()
    {
        lock (_lock) return [.. _operations];
    }

    /// <summary>The calls that were open at some time of an interval.</summary>
    internal Operation[] During(long from, long to) => [.. All().Where(o => o.BeganAt <= to && (o.EndedAt == 0 || o.EndedAt >= from))];

    /// <summary>The calls that took longer than they were allowed to, or still do.</summary>
    internal Operation[] WithoutEnd() => [.. All().Where(o => Stopwatch.GetElapsedTime(o.BeganAt, o.EndedAt == 0 ? Stopwatch.GetTimestamp() : o.EndedAt) > o.Deadline + Grace)];
}
