using System.Diagnostics;
using System.Globalization;
using Granary.Cluster.Workload;

namespace Granary.Cluster.Chaos;

/// <summary>What one fault did to the callers: a row of the table.</summary>
internal sealed record Recovery
{
    internal required string Fault { get; init; }

    internal required int Calls { get; init; }

    /// <summary>Calls that the engine refused or could not send: not executed.</summary>
    internal required int Failed { get; init; }

    /// <summary>Calls whose caller does not know.</summary>
    internal required int Unknown { get; init; }

    /// <summary>For each grain of the victims, the longest time in which no call to it succeeded; sorted.</summary>
    internal required IReadOnlyList<TimeSpan> Unserved { get; init; }

    /// <summary>The longest that a caller waited for a call of any kind.</summary>
    internal required TimeSpan LongestCall { get; init; }

    /// <summary>The longest that a caller waited for a grain that was new, when it was served at all.</summary>
    internal required TimeSpan LongestNew { get; init; }

    internal required int DoubleActivations { get; init; }

    /// <summary>Contradictions among the acknowledged writes of this time.</summary>
    internal required int LostWrites { get; init; }

    internal required int WithoutEnd { get; init; }

    internal required IReadOnlyList<string> Surprises { get; init; }

    /// <summary>The most frequent errors, each with how often it came.</summary>
    internal required IReadOnlyList<KeyValuePair<string, int>> Errors { get; init; }

    internal static Recovery Of(Fault fault, Arena arena, long until, int doubleActivations)
    {
        var calls = arena.Load.History.During(arena.Struck, until);
        var increments = calls.Where(o => o.Kind == Kind.Increment).ToLookup(o => o.Grain, StringComparer.Ordinal);
        var unserved = arena.VictimGrains.Select(g => LongestGap(increments[g], arena.Struck)).Order().ToArray();
        return new Recovery
        {
            Fault = fault.Name,
            Calls = calls.Length,
            Failed = calls.Count(o => o.Outcome == Outcome.Failed),
            Unknown = calls.Count(o => o.Outcome == Outcome.Unknown),
            Unserved = unserved,
            LongestCall = Longest(calls.Where(o => o.Kind is Kind.Increment or Kind.Transfer), arena.Struck),
            LongestNew = Longest(calls.Where(o => o.Kind == Kind.NewGrain && o.Outcome == Outcome.Acknowledged), arena.Struck),
            DoubleActivations = doubleActivations,
            LostWrites = increments.Sum(counter => Checker.Contradictions(counter.Key, counter).Count()),
            WithoutEnd = calls.Count(o => o.EndedAt != 0 && Stopwatch.GetElapsedTime(o.BeganAt, o.EndedAt) > o.Deadline + History.Grace),
            Surprises = [.. arena.Surprises],
            Errors = [.. calls.Where(o => o.Error is not null).CountBy(Describe, StringComparer.Ordinal).OrderByDescending(e => e.Value).Take(4)],
        };
    }

    private static TimeSpan LongestGap(IEnumerable<Operation> calls, long struck)
    {
        var (last, longest) = (struck, TimeSpan.Zero);
        foreach (var end in calls.Where(o => o.Outcome == Outcome.Acknowledged && o.EndedAt > struck).Select(o => o.EndedAt).Order())
        {
            var gap = Stopwatch.GetElapsedTime(last, end);
            if (gap > longest) longest = gap;
            last = end;
        }

        return longest;
    }

    private static string Describe(Operation call)
    {
        var message = call.Error!.Message.ReplaceLineEndings(" ").Replace(call.Grain, "*", StringComparison.Ordinal);
        return $"{call.Outcome} {call.Kind}: {call.Error.GetType().Name}: {(message.Length > 160 ? message[..160] + "..." : message)}";
    }

    /// <summary>What was before the fault is not its doing.</summary>
    private static TimeSpan Longest(IEnumerable<Operation> calls, long struck) =>
        calls.Where(o => o.EndedAt != 0).Select(o => Stopwatch.GetElapsedTime(Math.Max(o.BeganAt, struck), o.EndedAt)).DefaultIfEmpty().Max();
}

/// <summary>The rows as text.</summary>
internal static class RecoveryTable
{
    private static readonly string[] s_head = ["fault", "calls", "failed", "unknown", "grains unserved for", "longest call", "longest new", "double", "lost"];

    internal static IEnumerable<string> Lines(IEnumerable<Recovery> recoveries)
    {
        string[][] rows = [s_head, .. recoveries.Select(Row)];
        var widths = Enumerable.Range(0, s_head.Length).Select(column => rows.Max(r => r[column].Length)).ToArray();
        foreach (var row in rows) yield return string.Join("  ", row.Select((cell, column) => column == 0 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column])));
    }

    private static string[] Row(Recovery r) =>
    [
        r.Fault,
        Text(r.Calls),
        Text(r.Failed),
        Text(r.Unknown),
        r.Unserved.Count == 0 ? "-" : $"{Text(r.Unserved[r.Unserved.Count / 2])} (max {Text(r.Unserved[^1])})",
        Text(r.LongestCall),
        Text(r.LongestNew),
        Text(r.DoubleActivations),
        Text(r.LostWrites),
    ];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Text(TimeSpan time) => time.TotalSeconds.ToString("0.00 s", CultureInfo.InvariantCulture);
}
