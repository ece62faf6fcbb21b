namespace Granary.Telemetry;

/// <summary>Traces that sampling left out and that are sent all the same, because they ended in an error or took long.</summary>
public sealed class TailKeepOptions
{
    /// <summary>
    /// Whether traces that were not sampled are sent all the same when they end in an error or were slow. Every span of every call is then made and held until its part of the trace in this process has ended,
    /// which costs each call about what it costs to record it; only what is kept is sent.
    /// </summary>
    public bool Enabled { get; set; }

    /// <summary>A call that takes at least this long is kept; calls with a stream are only for their errors. 1 ms to 1 h; the default is 1 s.</summary>
    public TimeSpan SlowerThan { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Spans held at a time, some 1.5 kB each. When there are more, the oldest traces are judged by what they have shown so far. 1,000 to 1,000,000; the default is 10,000.</summary>
    public int MaxSpans { get; set; } = 10_000;
}
