using Microsoft.Extensions.Logging;

namespace Granary.Telemetry.Logs;

/// <summary>One log entry as <see cref="LogTail"/> keeps it; long texts are cut there.</summary>
/// <param name="Sequence">Counts the entries of this process, from 1.</param>
/// <param name="At">When it was written.</param>
/// <param name="Level">How grave it is.</param>
/// <param name="Category">The logger's name.</param>
/// <param name="Text">The message with its arguments.</param>
/// <param name="TraceId">The W3C trace it belongs to, 32 hexadecimal digits, or null.</param>
/// <param name="SpanId">The span it belongs to, 16 hexadecimal digits, or null.</param>
/// <param name="Exception">The exception with its stack, or null.</param>
public sealed record LogTailEntry(long Sequence, DateTimeOffset At, LogLevel Level, string Category, string Text, string? TraceId, string? SpanId, string? Exception);

/// <summary>What a reader of the tail gets.</summary>
/// <param name="Entries">The entries that were asked for, oldest first.</param>
/// <param name="Last">The number to ask from next time.</param>
/// <param name="Missed">Entries of any kind between the number asked from and the oldest one kept: they came faster than they were read.</param>
public sealed record LogBatch(IReadOnlyList<LogTailEntry> Entries, long Last, long Missed);
