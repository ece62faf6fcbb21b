using Orleans;
using Orleans.Concurrency;

namespace Granary.Engine.Management;

/// <summary>What one silo can be asked and told by the others and by clients: one in each silo, reached by the silo's address. Its calls never wait for each other.</summary>
[Alias("granary.sys.control")]
internal interface ISiloControl : IGrainWithStringKey
{
    /// <summary>Answers, and so keeps the caller's connection in use.</summary>
    [AlwaysInterleave]
    Task Ping();

    [AlwaysInterleave]
    Task<SiloReport> Report();

    /// <summary>The silos that this one suspects, as text.</summary>
    [AlwaysInterleave]
    Task<List<string>> Suspects();

    /// <summary>Activations by grain type, the engine's own left out.</summary>
    [AlwaysInterleave]
    Task<List<GrainTypeCount>> CountByType();

    /// <summary>The ids of the active grains of these types, or of all when there are none.</summary>
    [AlwaysInterleave]
    Task<List<string>> ActiveGrains(List<string> types);

    /// <summary>The silo a grain is active in, as text; empty when it is not active. Does not activate it.</summary>
    [AlwaysInterleave]
    Task<string> Find(string grain);

    /// <summary>What a grain that is active here does.</summary>
    [AlwaysInterleave]
    Task<GrainReport> Inspect(string grain);

    /// <summary>Deactivates a grain that is active here, once what it runs has ended; false when it is not.</summary>
    [AlwaysInterleave]
    Task<bool> Deactivate(string grain);

    /// <summary>Moves a grain that is active here to where its placement wants it, once what it runs has ended; false when it is not active.</summary>
    [AlwaysInterleave]
    Task<bool> Migrate(string grain);

    /// <summary>Deactivates what has been idle for so long; the number of grains asked to go.</summary>
    [AlwaysInterleave]
    Task<int> Collect(TimeSpan age);

    [AlwaysInterleave]
    Task CollectGarbage();

    /// <summary>Another silo says how loaded it is.</summary>
    [AlwaysInterleave]
    [OneWay]
    Task ReportLoad(string silo, SiloReport load);

    /// <summary>Another silo cannot renew its lease and asks whether it may go on. The answer is a <see cref="Membership.SupportAnswer"/>, and may be a promise.</summary>
    [AlwaysInterleave]
    Task<int> AskSupport(string silo);

    /// <summary>A grain moves here, with what it carries. False when this silo will not have it.</summary>
    [AlwaysInterleave]
    Task<bool> AcceptMigrant(Migrant migrant);
}

/// <summary>One silo's load.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class SiloReport
{
    [Id(0)]
    public int Activations { get; init; }

    /// <summary>Of these, used within the last minutes.</summary>
    [Id(1)]
    public int RecentlyUsed { get; init; }

    [Id(2)]
    public bool IsOverloaded { get; init; }

    [Id(3)]
    public long Clients { get; init; }

    [Id(4)]
    public long Received { get; init; }

    [Id(5)]
    public long Sent { get; init; }

    [Id(6)]
    public float Cpu { get; init; }

    [Id(7)]
    public float RawCpu { get; init; }

    [Id(8)]
    public long Memory { get; init; }

    [Id(9)]
    public long RawMemory { get; init; }

    [Id(10)]
    public long AvailableMemory { get; init; }

    [Id(11)]
    public long RawAvailableMemory { get; init; }

    [Id(12)]
    public long MaximumMemory { get; init; }

    /// <summary>How long a work item waits for a thread, milliseconds.</summary>
    [Id(13)]
    public double QueueDelayMs { get; init; }

    [Id(14)]
    public DateTime At { get; init; }
}

/// <summary>One grain as its silo sees it.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class GrainReport
{
    /// <summary>Whether it is active there; else nothing more is told.</summary>
    [Id(0)]
    public bool IsActive { get; init; }

    /// <summary>Calls that wait.</summary>
    [Id(1)]
    public int Waiting { get; init; }

    /// <summary>Calls that run.</summary>
    [Id(2)]
    public int Running { get; init; }

    /// <summary>Since its activation began.</summary>
    [Id(3)]
    public long AgeSeconds { get; init; }

    /// <summary>Since a call of it last ended; 0 while one runs.</summary>
    [Id(4)]
    public long IdleSeconds { get; init; }
}

/// <summary>How many grains of a type are active.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class GrainTypeCount
{
    [Id(0)]
    public string GrainType { get; init; } = "";

    /// <summary>The full name of the class.</summary>
    [Id(1)]
    public string ClassName { get; init; } = "";

    [Id(2)]
    public int Count { get; init; }
}

/// <summary>An activation on the move.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class Migrant
{
    [Id(0)]
    public string GrainId { get; init; } = "";

    /// <summary>Where it comes from: the directory's entry that the new activation takes over.</summary>
    [Id(1)]
    public string FromSilo { get; init; } = "";

    [Id(2)]
    public string FromActivation { get; init; } = "";

    [Id(3)]
    public Dictionary<string, byte[]> Values { get; init; } = [];
}
