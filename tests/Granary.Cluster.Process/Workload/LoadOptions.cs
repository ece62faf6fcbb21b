namespace Granary.Cluster.Workload;

/// <summary>What the load does.</summary>
internal sealed record LoadOptions
{
    /// <summary>Counters with one caller each, so that each tells when its grain is served again.</summary>
    internal int Counters { get; init; } = 40;

    /// <summary>Callers of one counter that they share.</summary>
    internal int Rivals { get; init; } = 4;

    internal int Accounts { get; init; } = 24;

    /// <summary>Callers that transfer between accounts.</summary>
    internal int Payers { get; init; } = 3;

    /// <summary>Callers that call a grain nobody has called before, each time.</summary>
    internal int Pioneers { get; init; } = 1;

    /// <summary>Callers of streams, half of them in each direction.</summary>
    internal int Streamers { get; init; } = 2;

    /// <summary>What a caller waits between its calls.</summary>
    internal TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(20);
}
