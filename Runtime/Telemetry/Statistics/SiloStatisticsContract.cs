using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Granary.Telemetry.Statistics;

/// <summary>What a silo tells of the calls it runs: one in each silo, reached by the silo's address. Its calls never wait for each other.</summary>
[Alias("granary.sys.statistics")]
internal interface ISiloStatistics : IGrainWithStringKey
{
    /// <summary>The figures asked for, as they are now. All counts are since the silo began, so any number of askers take differences.</summary>
    [AlwaysInterleave]
    Task<SiloFigures> Read(SiloQuestion question);

    /// <summary>What a grain does that is in memory there, and its last calls, which are kept from the first look on.</summary>
    [AlwaysInterleave]
    Task<GrainFigures> Look(string grain);

    /// <summary>The last log entries of its process, and the log levels set at run time.</summary>
    [AlwaysInterleave]
    Task<LogPage> ReadLog(LogQuestion question);

    /// <summary>Sets a log level of its process for a time, or takes it back.</summary>
    [AlwaysInterleave]
    Task SetLevel(LevelOrder order);
}

/// <summary>How <see cref="ISiloStatistics"/> is reached.</summary>
internal static class SiloStatisticsGrains
{
    /// <summary>The engine's own grains begin so: they are in no manifest and no count, and answer an overloaded silo's operators too.</summary>
    internal const string TypeName = "sys.statistics";

    private static readonly GrainType s_type = GrainType.Create(TypeName);

    /// <summary>The one in that silo.</summary>
    internal static ISiloStatistics StatisticsOf(this IGrainFactory grains, SiloAddress silo) => grains.GetGrain<ISiloStatistics>(GrainId.Create(s_type, silo.ToParsableString()));
}

/// <summary>What is asked of a silo.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class SiloQuestion
{
    /// <summary>Whose method numbers the asker knows; empty for none.</summary>
    [Id(0)]
    public string Epoch { get; init; } = "";

    /// <summary>How many of them.</summary>
    [Id(1)]
    public int KnownMethods { get; init; }

    /// <summary>The counts of each method; else only their sum is told.</summary>
    [Id(2)]
    public bool Methods { get; init; }

    /// <summary>The slowest calls of the last minute, so many.</summary>
    [Id(3)]
    public int Slowest { get; init; }

    /// <summary>The grains called most, and those with most calls waiting, so many of each; and the classes.</summary>
    [Id(4)]
    public int Grains { get; init; }

    /// <summary>Who calls whom.</summary>
    [Id(5)]
    public bool Edges { get; init; }
}

/// <summary>A silo's figures.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class SiloFigures
{
    /// <summary>Whose method numbers these are: another one after a restart.</summary>
    [Id(0)]
    public string Epoch { get; init; } = "";

    /// <summary>The silo's clock, milliseconds from any start: what rates are worked out by.</summary>
    [Id(1)]
    public long Ticks { get; init; }

    /// <summary>Null where the engine does not tell.</summary>
    [Id(2)]
    public LoadFigures? Load { get; init; }

    /// <summary>All methods together; null when the silo does not count calls.</summary>
    [Id(3)]
    public MethodFigures? Total { get; init; }

    /// <summary>The number of the first of <see cref="Names"/>.</summary>
    [Id(4)]
    public int FirstName { get; init; }

    /// <summary>The methods that the asker does not know yet.</summary>
    [Id(5)]
    public List<MethodName> Names { get; init; } = [];

    /// <summary>Those that have been called.</summary>
    [Id(6)]
    public List<MethodFigures> Methods { get; init; } = [];

    [Id(7)]
    public List<CallFigures> Slowest { get; init; } = [];

    [Id(8)]
    public List<GrainRate> Hot { get; init; } = [];

    [Id(9)]
    public List<GrainQueue> Mailboxes { get; init; } = [];

    [Id(10)]
    public List<ClassFigures> Classes { get; init; } = [];

    [Id(11)]
    public List<EdgeFigures> Edges { get; init; } = [];
}

/// <summary>A silo's load.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class LoadFigures
{
    [Id(0)]
    public int Activations { get; init; }

    [Id(1)]
    public long Clients { get; init; }

    [Id(2)]
    public bool IsOverloaded { get; init; }

    /// <summary>0 to 100 of all cores.</summary>
    [Id(3)]
    public double Cpu { get; init; }

    /// <summary>Bytes.</summary>
    [Id(4)]
    public long Memory { get; init; }

    /// <summary>How long work waits for a thread, milliseconds; negative when the engine does not measure it.</summary>
    [Id(5)]
    public double QueueDelayMs { get; init; }

    /// <summary>The silos it cannot reach.</summary>
    [Id(6)]
    public List<string> Suspects { get; init; } = [];
}

/// <summary>A method by its number.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class MethodName
{
    [Id(0)]
    public string GrainType { get; init; } = "";

    /// <summary>The full name of the C# interface.</summary>
    [Id(1)]
    public string Interface { get; init; } = "";

    [Id(2)]
    public string Method { get; init; } = "";
}

/// <summary>Counts of a method since the silo began.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class MethodFigures
{
    [Id(0)]
    public int Number { get; init; }

    [Id(1)]
    public long Begun { get; init; }

    [Id(2)]
    public long Ended { get; init; }

    /// <summary>Errors by the number of their code; empty for none.</summary>
    [Id(3)]
    public List<long> Errors { get; init; } = [];

    [Id(4)]
    public DurationFigures Durations { get; init; } = new();
}

/// <summary>A histogram (<see cref="Granary.Statistics.DurationHistogram"/>) without its empty ends.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class DurationFigures
{
    /// <summary>The bucket of the first count.</summary>
    [Id(0)]
    public int First { get; init; }

    [Id(1)]
    public List<long> Counts { get; init; } = [];
}

/// <summary>A call that has ended.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class CallFigures
{
    /// <summary>The full name of the C# interface, and the method's name.</summary>
    [Id(0)]
    public string Interface { get; init; } = "";

    [Id(1)]
    public string Method { get; init; } = "";

    [Id(2)]
    public string Grain { get; init; } = "";

    [Id(3)]
    public string Caller { get; init; } = "";

    [Id(4)]
    public double Milliseconds { get; init; }

    /// <summary>In the mailbox; negative when it was not measured.</summary>
    [Id(5)]
    public double QueuedMilliseconds { get; init; }

    /// <summary>Its end, Unix milliseconds.</summary>
    [Id(6)]
    public long At { get; init; }

    /// <summary>Empty for none.</summary>
    [Id(7)]
    public string TraceId { get; init; } = "";

    [Id(8)]
    public int Code { get; init; }
}

[GenerateSerializer]
[Immutable]
internal sealed class GrainRate
{
    [Id(0)]
    public string Grain { get; init; } = "";

    [Id(1)]
    public double CallsPerSecond { get; init; }
}

[GenerateSerializer]
[Immutable]
internal sealed class GrainQueue
{
    [Id(0)]
    public string Grain { get; init; } = "";

    [Id(1)]
    public int Waiting { get; init; }

    [Id(2)]
    public int Running { get; init; }
}

[GenerateSerializer]
[Immutable]
internal sealed class ClassFigures
{
    [Id(0)]
    public string GrainType { get; init; } = "";

    [Id(1)]
    public string ClassName { get; init; } = "";

    [Id(2)]
    public int Activations { get; init; }
}

/// <summary>Calls between two grain types since the silo began; estimated from samples.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class EdgeFigures
{
    /// <summary>The caller's grain type; empty when no grain called: a gateway or a client.</summary>
    [Id(0)]
    public string From { get; init; } = "";

    [Id(1)]
    public string To { get; init; } = "";

    [Id(2)]
    public long Calls { get; init; }

    [Id(3)]
    public long Errors { get; init; }

    [Id(4)]
    public DurationFigures Durations { get; init; } = new();
}

/// <summary>One grain as its silo sees it.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class GrainFigures
{
    /// <summary>Whether it is in memory there.</summary>
    [Id(0)]
    public bool IsFound { get; init; }

    /// <summary>Unix milliseconds; 0 when unknown.</summary>
    [Id(1)]
    public long Since { get; init; }

    [Id(2)]
    public long LastUsed { get; init; }

    /// <summary>Negative when unknown.</summary>
    [Id(3)]
    public int Waiting { get; init; }

    [Id(4)]
    public int Running { get; init; }

    [Id(5)]
    public List<CallFigures> Calls { get; init; } = [];

    [Id(6)]
    public List<StateFigures> States { get; init; } = [];
}

/// <summary>A state of a grain.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class StateFigures
{
    [Id(0)]
    public string Name { get; init; } = "";

    [Id(1)]
    public string Storage { get; init; } = "";

    [Id(2)]
    public long Bytes { get; init; }

    /// <summary>Empty when nothing is stored.</summary>
    [Id(3)]
    public string Etag { get; init; } = "";
}
