using Granary.Telemetry.Logs;
using Microsoft.Extensions.Logging;

namespace Granary.Telemetry.Statistics;

/// <summary>The log of this process as other processes see it. Thread-safe.</summary>
internal sealed class ProcessLog(LogTail tail, LogLevels levels)
{
    private const int MostLines = 500;

    internal LogPage Read(LogQuestion question)
    {
        var batch = tail.Read(question.After, Math.Clamp(question.Most, 1, MostLines), (LogLevel)Math.Clamp(question.Level, (int)LogLevel.Trace, (int)LogLevel.Critical), null);
        return new LogPage
        {
            Lines =
            [
                .. batch.Entries.Select(e => new LogLine
                {
                    Sequence = e.Sequence,
                    At = e.At.ToUnixTimeMilliseconds(),
                    Level = (int)e.Level,
                    Category = e.Category,
                    Text = e.Text,
                    TraceId = e.TraceId ?? "",
                    SpanId = e.SpanId ?? "",
                    Exception = e.Exception ?? "",
                }),
            ],
            Last = batch.Last,
            Missed = batch.Missed,
            Levels = Levels(),
        };
    }

    internal List<LevelOverride> Levels() =>
        [.. levels.Current.Select(o => new LevelOverride { Category = o.Category, Level = (int)o.Level, Until = o.Until.ToUnixTimeMilliseconds(), By = o.By })];

    /// <exception cref="ArgumentException">What is ordered is not acceptable; the message says what to write.</exception>
    internal void Obey(LevelOrder order)
    {
        if (order.Level < 0) levels.Remove(order.Category);
        else levels.Set(order.Category, (LogLevel)order.Level, TimeSpan.FromSeconds(order.Seconds), order.By);
    }
}
