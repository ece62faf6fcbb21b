using Orleans;

namespace Granary.Telemetry.Statistics;

/// <summary>Which log entries are wanted.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class LogQuestion
{
    /// <summary>The <see cref="LogPage.Last"/> of the page before; negative for the newest.</summary>
    [Id(0)]
    public long After { get; init; } = -1;

    [Id(1)]
    public int Most { get; init; } = 100;

    /// <summary>The number of the least grave level.</summary>
    [Id(2)]
    public int Level { get; init; }
}

/// <summary>Log entries of a process.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class LogPage
{
    [Id(0)]
    public List<LogLine> Lines { get; init; } = [];

    /// <summary>The number to ask from next time.</summary>
    [Id(1)]
    public long Last { get; init; }

    /// <summary>Entries that came faster than they were read.</summary>
    [Id(2)]
    public long Missed { get; init; }

    /// <summary>The levels that were set at run time.</summary>
    [Id(3)]
    public List<LevelOverride> Levels { get; init; } = [];
}

[GenerateSerializer]
[Immutable]
internal sealed class LogLine
{
    [Id(0)]
    public long Sequence { get; init; }

    /// <summary>Unix milliseconds.</summary>
    [Id(1)]
    public long At { get; init; }

    [Id(2)]
    public int Level { get; init; }

    [Id(3)]
    public string Category { get; init; } = "";

    [Id(4)]
    public string Text { get; init; } = "";

    /// <summary>Empty for none.</summary>
    [Id(5)]
    public string TraceId { get; init; } = "";

    [Id(6)]
    public string SpanId { get; init; } = "";

    [Id(7)]
    public string Exception { get; init; } = "";
}

/// <summary>A level set at run time.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class LevelOverride
{
    [Id(0)]
    public string Category { get; init; } = "";

    [Id(1)]
    public int Level { get; init; }

    /// <summary>Unix milliseconds.</summary>
    [Id(2)]
    public long Until { get; init; }

    [Id(3)]
    public string By { get; init; } = "";
}

/// <summary>A level to be set, or taken back.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class LevelOrder
{
    /// <summary>Tells orders apart.</summary>
    [Id(0)]
    public string Id { get; init; } = "";

    /// <summary>The process it is for; empty for all.</summary>
    [Id(1)]
    public string Process { get; init; } = "";

    [Id(2)]
    public string Category { get; init; } = "";

    /// <summary>Negative to let the configuration hold again.</summary>
    [Id(3)]
    public int Level { get; init; }

    [Id(4)]
    public double Seconds { get; init; }

    [Id(5)]
    public string By { get; init; } = "";
}
