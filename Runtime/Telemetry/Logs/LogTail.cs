using Granary.Rpc;
using Microsoft.Extensions.Logging;

namespace Granary.Telemetry.Logs;

/// <summary>
/// The last log entries of this process, in a ring of fixed size. What is logged at a level that is switched off is not formatted and never comes here (see <see cref="LogLevels"/>); what is
/// comes as the console shows it. At most <see cref="MaxTextLength"/> + <see cref="MaxExceptionLength"/> characters an entry. Thread-safe.
/// </summary>
public sealed class LogTail
{
    /// <summary>Characters of a message beyond which it is cut.</summary>
    public const int MaxTextLength = 1024;

    /// <summary>Characters of an exception with its stack beyond which it is cut.</summary>
    public const int MaxExceptionLength = 4096;

    private readonly Lock _lock = new();
    private readonly LogTailEntry[] _ring;
    private readonly TimeProvider _time;
    private long _last;

    internal LogTail(int capacity, TimeProvider time)
    {
        _ring = new LogTailEntry[capacity];
        _time = time;
    }

    /// <summary>How many entries are kept.</summary>
    public int Capacity => _ring.Length;

    /// <summary>The entries after a number that a reader has seen, oldest first.</summary>
    /// <param name="after">The <see cref="LogBatch.Last"/> of the batch before; 0 for everything that is kept; negative for the newest <paramref name="max"/>. A number that this process has not reached is one of the process before it: 0.</param>
    /// <param name="max">The most entries to return; at least 1.</param>
    /// <param name="minimum">Entries below it are left out.</param>
    /// <param name="text">Only entries with this in their message, category or exception, whatever the case, or of this trace; null for all.</param>
    public LogBatch Read(long after, int max, LogLevel minimum, string? text)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        var (kept, last) = Snapshot();
        var newestOnly = after < 0;
        if (newestOnly || after > last) after = 0;
        var oldest = last - kept.Length + 1;
        var missed = newestOnly ? 0 : Math.Max(0, oldest - after - 1);

        List<LogTailEntry> found = [];
        if (newestOnly)
        {
            for (var i = kept.Length - 1; i >= 0 && found.Count < max; i--)
            {
                if (Fits(kept[i], minimum, text)) found.Add(kept[i]);
            }

            found.Reverse();
            return new LogBatch(found, last, 0);
        }

        for (var i = (int)Math.Max(0, after - oldest + 1); i < kept.Length; i++)
        {
            if (!Fits(kept[i], minimum, text)) continue;
            found.Add(kept[i]);
            if (found.Count == max) return new LogBatch(found, kept[i].Sequence, missed);
        }

        return new LogBatch(found, last, missed);
    }

    internal void Add(LogLevel level, string category, string text, Exception? exception)
    {
        // Everything that takes time is done before the lock.
        var at = _time.GetUtcNow();
        text = Cut(text, MaxTextLength);
        var error = exception is null ? null : Cut(exception.ToString(), MaxExceptionLength);
        var span = RpcTrace.Current;
        var (trace, id) = span.TraceId == default ? (null, null) : (span.TraceId.ToHexString(), span.SpanId.ToHexString());
        lock (_lock)
        {
            var sequence = ++_last;
            _ring[sequence % _ring.Length] = new LogTailEntry(sequence, at, level, category, text, trace, id, error);
        }
    }

    private (LogTailEntry[] Kept, long Last) Snapshot()
    {
        lock (_lock)
        {
            var kept = new LogTailEntry[Math.Min(_last, _ring.Length)];
            var first = _last - kept.Length + 1;
            for (var i = 0; i < kept.Length; i++) kept[i] = _ring[(first + i) % _ring.Length];
            return (kept, _last);
        }
    }

    private static bool Fits(LogTailEntry entry, LogLevel minimum, string? text) =>
        entry.Level >= minimum
        && (string.IsNullOrEmpty(text)
            || entry.Text.Contains(text, StringComparison.OrdinalIgnoreCase)
            || entry.Category.Contains(text, StringComparison.OrdinalIgnoreCase)
            || string.Equals(entry.TraceId, text, StringComparison.OrdinalIgnoreCase)
            || entry.Exception?.Contains(text, StringComparison.OrdinalIgnoreCase) == true);

    private static string Cut(string text, int most) => text.Length <= most ? text : string.Concat(text.AsSpan(0, most - 3), "...");
}
