using Granary.Telemetry.Statistics;

namespace Granary.ApiHost.Dashboard.Feed;

/// <summary>The newest log entries of all processes, as far as somebody looks, in the order in which they came here. Thread-safe.</summary>
internal sealed class LogRing
{
    private const int Most = 2000;

    private readonly Lock _lock = new();
    private readonly (string Process, LogLine Line)[] _ring = new (string, LogLine)[Most];
    private readonly Dictionary<string, long> _seen = new(StringComparer.Ordinal);
    private long _count;
    private long _missed;

    /// <summary>Adds what is new of a process: what came before is known by its number.</summary>
    internal void Add(string process, IReadOnlyList<LogLine> lines, long missed)
    {
        lock (_lock)
        {
            var seen = _seen.GetValueOrDefault(process);

            // Numbers that begin anew are those of a new process of the same name.
            if (lines.Count > 0 && lines[^1].Sequence < seen) seen = 0;
            foreach (var line in lines.Where(l => l.Sequence > seen))
            {
                _ring[_count++ % Most] = (process, line);
                seen = line.Sequence;
            }

            _seen[process] = seen;
            _missed += missed;
        }
    }

    /// <summary>The newest entries after a number that fit, the oldest first; the number to ask from next time, and how many were missed by then.</summary>
    internal (LogView[] Entries, long Last, long Missed) After(long last, int most, LogFilter filter)
    {
        lock (_lock)
        {
            var found = new List<LogView>();
            var oldest = Math.Max(Math.Max(0, last), _count - Most);
            for (var i = _count - 1; i >= oldest && found.Count < most; i--)
            {
                var (process, line) = _ring[i % Most];
                if (filter.Fits(process, line)) found.Add(View(process, line));
            }

            found.Reverse();
            return ([.. found], _count, _missed + Math.Max(0, _count - Most - Math.Max(0, last)));
        }
    }

    private static LogView View(string process, LogLine line) => new(
        process, line.Sequence, line.At, LogFilter.Name((LogLevel)line.Level), line.Category, line.Text,
        line.TraceId.Length == 0 ? null : line.TraceId, line.SpanId.Length == 0 ? null : line.SpanId, line.Exception.Length == 0 ? null : line.Exception);
}

/// <summary>Which log entries a page shows.</summary>
/// <param name="Level">The least grave.</param>
/// <param name="Text">A part of the text, category or exception in any case, or the trace's id; null for all.</param>
/// <param name="Process">One process; null for all.</param>
internal sealed record LogFilter(LogLevel Level, string? Text, string? Process)
{
    private static readonly string[] s_names = ["trace", "debug", "information", "warning", "error", "critical"];

    /// <summary>The name of a level in the feed and in requests.</summary>
    internal static string Name(LogLevel level) => (int)level >= 0 && (int)level < s_names.Length ? s_names[(int)level] : "none";

    /// <summary>The level of a name, in any case.</summary>
    internal static bool TryParse(string? name, out LogLevel level)
    {
        level = (LogLevel)Array.FindIndex(s_names, n => string.Equals(n, name, StringComparison.OrdinalIgnoreCase));
        return (int)level >= 0;
    }

    internal bool Fits(string process, LogLine line) =>
        line.Level >= (int)Level
        && (Process is null || Process == process)
        && (Text is null || Has(line.Text) || Has(line.Category) || Has(line.Exception) || string.Equals(line.TraceId, Text, StringComparison.OrdinalIgnoreCase));

    private bool Has(string text) => text.Contains(Text!, StringComparison.OrdinalIgnoreCase);
}
