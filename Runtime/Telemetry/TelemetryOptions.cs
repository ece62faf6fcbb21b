namespace Granary.Telemetry;

/// <summary>What a process tells about itself, and where to: the section <c>Granary:Telemetry</c> of the configuration.</summary>
public sealed class TelemetryOptions
{
    /// <summary>The configuration section these options are bound to.</summary>
    public const string Section = "Granary:Telemetry";

    /// <summary>OpenTelemetry's <c>service.name</c>: what dashboards call this process. The host gives a default.</summary>
    public string ServiceName { get; set; } = "granary";

    /// <summary>
    /// The most label sets kept for one metric; what comes after them is counted in one series labelled <c>otel_metric_overflow="true"</c>.
    /// This bounds memory and the size of a scrape whatever callers send. 10 to 100,000.
    /// </summary>
    public int MaxSeriesPerMetric { get; set; } = 1000;

    /// <summary>Names of further meters to collect, besides Granary's, the engine's, ASP.NET Core's and the runtime's.</summary>
    public IList<string> Meters { get; set; } = [];

    /// <summary>Names of further activity sources to trace, besides Granary's, the engine's and ASP.NET Core's.</summary>
    public IList<string> Sources { get; set; } = [];

    /// <summary>
    /// The share of traces that begin here to record, 0 to 1. A trace that a caller began is recorded when the caller records it.
    /// Only matters with an exporter (<see cref="OtlpOptions.Endpoint"/>).
    /// </summary>
    public double SampleRatio { get; set; } = 1;

    /// <summary>What is sent of the rest.</summary>
    public TailKeepOptions TailKeep { get; set; } = new();

    /// <summary>Where to send traces and metrics.</summary>
    public OtlpOptions Otlp { get; set; } = new();

    /// <summary>How the log is written to the console.</summary>
    public ConsoleLogFormat LogFormat { get; set; } = ConsoleLogFormat.Text;

    /// <summary>How many of its last log entries the process keeps for the dashboard's log view: some 300 bytes each, 10 kB at most. 10 to 10,000.</summary>
    public int LogTailEntries { get; set; } = 1000;
}

/// <summary>The OTLP exporter. OpenTelemetry's own environment variables (<c>OTEL_EXPORTER_OTLP_*</c>) hold for what is not set here.</summary>
public sealed class OtlpOptions
{
    /// <summary>The collector, for example <c>http://collector:4317</c>; null (and no <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>) sends nothing.</summary>
    public string? Endpoint { get; set; }

    /// <summary>The protocol, by the names OpenTelemetry uses: <c>grpc</c> (the default; usual port 4317) or <c>http/protobuf</c> (usual port 4318).</summary>
    public string? Protocol { get; set; }

    /// <summary>Headers for the collector, <c>name=value,name=value</c>: its API key, for instance.</summary>
    public string? Headers { get; set; }
}

/// <summary>The forms of log lines on the console.</summary>
public enum ConsoleLogFormat
{
    /// <summary>For people: what .NET writes by default.</summary>
    Text,

    /// <summary>For machines: one JSON object a line, with the trace it belongs to.</summary>
    Json,
}
