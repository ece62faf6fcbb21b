using System.Text.Json.Serialization;

namespace Granary.ApiHost.Dashboard.Feed;

// What the dashboard's page gets, topic by topic. Times are Unix milliseconds, durations milliseconds, rates a second; what is not known is absent.

/// <summary>The cluster, each second.</summary>
internal sealed record OverviewMessage(long At, string Process, TotalsView Totals, IReadOnlyList<SiloRow> Silos, IReadOnlyList<GatewayRow> Gateways);

internal sealed record TotalsView(double CallsPerSecond, double ErrorsPerSecond, long InFlight, long Activations, double? P50, double? P95, double? P99);

internal sealed record SiloRow(string Address, string Name, string Status)
{
    public string? Release { get; init; }

    public IReadOnlyList<string> Roles { get; init; } = [];

    public long? StartedAt { get; init; }

    public string? Problem { get; init; }

    public SiloLoadView? Load { get; init; }

    public double? CallsPerSecond { get; init; }

    public double? ErrorsPerSecond { get; init; }

    public double? P50 { get; init; }

    public double? P99 { get; init; }

    public bool Answers { get; init; }
}

internal sealed record SiloLoadView(int Activations, long Clients, double Cpu, long Memory, double? QueueDelayMs, bool Overloaded, IReadOnlyList<string> Suspects);

internal sealed record GatewayRow(string Name, string Address, string Release, long StartedAt, double CallsPerSecond, double ErrorsPerSecond, long InFlight, double? P50, double? P99, double? Cpu, long? Memory, bool Here);

/// <summary>The last minutes, once at the start.</summary>
internal sealed record HistoryMessage(
    long StepMs,
    IReadOnlyList<long> At,
    IReadOnlyList<double?> CallsPerSecond,
    IReadOnlyList<double?> ErrorsPerSecond,
    IReadOnlyList<double?> P50,
    IReadOnlyList<double?> P99,
    IReadOnlyList<double?> Activations,
    IReadOnlyList<double?> InFlight);

internal sealed record EventsMessage(IReadOnlyList<EventView> Events);

internal sealed record EventView(long Id, long At, string Kind, string Severity, string Subject, string Text);

internal sealed record ServicesMessage(IReadOnlyList<ServiceRow> Services, IReadOnlyList<SlowCallView> Slowest);

internal sealed record ServiceRow(string Name, int Version, string Interface, string? Owner, ObjectiveView? Objective, IReadOnlyList<MethodRow> Methods);

internal sealed record ObjectiveView(double? LatencyMs, double? Availability);

internal sealed record MethodRow(
    string Name,
    string Kind,
    double CallsPerSecond,
    double ErrorsPerSecond,
    IReadOnlyDictionary<string, double>? Errors,
    long InFlight,
    double? P50,
    double? P95,
    double? P99,
    double? Max);

internal sealed record SlowCallView(string Method, string Grain, double Ms, long At, string? TraceId, string Silo, string Code, string? Caller);

internal sealed record ServicesHistoryMessage(long StepMs, IReadOnlyDictionary<string, IReadOnlyList<double>> Rates);

internal sealed record GrainsMessage(IReadOnlyList<GrainTypeRow> Types, IReadOnlyList<HotGrainRow> Hot, IReadOnlyList<MailboxRow> Mailboxes);

internal sealed record GrainTypeRow(string Type, string? Class, string? Service, long Total, IReadOnlyDictionary<string, int> Silos, double CallsPerSecond, double ErrorsPerSecond, double? P99);

internal sealed record HotGrainRow(string Grain, string Silo, double CallsPerSecond);

internal sealed record MailboxRow(string Grain, string Silo, int Waiting, int Running);

internal sealed record GrainMessage(string Grain, bool Found)
{
    public string? Silo { get; init; }

    public long? Since { get; init; }

    public long? LastUsed { get; init; }

    public int? Waiting { get; init; }

    public int? Running { get; init; }

    public IReadOnlyList<GrainCallView> Calls { get; init; } = [];

    public IReadOnlyList<GrainStateView> States { get; init; } = [];
}

internal sealed record GrainCallView(long At, string Method, double Ms, double? QueuedMs, string Code, string? TraceId, string? Caller);

internal sealed record GrainStateView(string Name, string? Storage, long? Bytes, string? Etag);

internal sealed record LimitsMessage(IReadOnlyList<GatewayLimits> Gateways);

internal sealed record GatewayLimits(
    string Name,
    IReadOnlyList<RateLimitRow> RateLimits,
    bool RedisAway,
    SheddingView Shedding,
    IReadOnlyList<BulkheadRow> Bulkheads,
    IReadOnlyList<BreakerRow> Breakers,
    RetriesView Retries,
    HedgesView Hedges);

internal sealed record RateLimitRow(string Policy, long Tokens, double PeriodMs, long Burst, bool Shared, double GrantedPerSecond, double RefusedPerSecond);

internal sealed record SheddingView(bool Active, int? Limit, int InFlight, int Waiting, double RefusedPerSecond);

internal sealed record BulkheadRow(string Service, int InFlight, int Limit, double RefusedPerSecond);

internal sealed record BreakerRow(string Method, string State, long? Since, int Calls, int Failures);

internal sealed record RetriesView(double PerSecond, double RefusedPerSecond);

internal sealed record HedgesView(double PerSecond, double WonPerSecond);

internal sealed record GraphMessage(IReadOnlyList<GraphNode> Nodes, IReadOnlyList<GraphEdge> Edges);

internal sealed record GraphNode(string Id, string Kind, string Label, string? Owner, double CallsPerSecond, double ErrorsPerSecond, double? P99);

internal sealed record GraphEdge(string From, string To, double CallsPerSecond, double ErrorsPerSecond, double? P99);

internal sealed record LogsMessage(IReadOnlyList<LogView> Entries, long Missed);

internal sealed record LogView(string Process, long Sequence, long At, string Level, string Category, string Text, string? TraceId, string? SpanId, string? Exception);

internal sealed record LogLevelsMessage(IReadOnlyList<LogLevelView> Overrides);

internal sealed record LogLevelView(string Process, string Category, string Level, long Until, string By);

/// <summary>How these are written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OverviewMessage))]
[JsonSerializable(typeof(HistoryMessage))]
[JsonSerializable(typeof(EventsMessage))]
[JsonSerializable(typeof(ServicesMessage))]
[JsonSerializable(typeof(ServicesHistoryMessage))]
[JsonSerializable(typeof(GrainsMessage))]
[JsonSerializable(typeof(GrainMessage))]
[JsonSerializable(typeof(LimitsMessage))]
[JsonSerializable(typeof(GraphMessage))]
[JsonSerializable(typeof(LogsMessage))]
[JsonSerializable(typeof(LogLevelsMessage))]
internal sealed partial class FeedJson : JsonSerializerContext;
