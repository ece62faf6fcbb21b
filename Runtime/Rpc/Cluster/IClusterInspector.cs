using Orleans.Runtime;

namespace Granary.Rpc.Cluster;

/// <summary>Asks silos about themselves, for those who run the cluster. An engine that can registers it; thread-safe. Every question ends by <see cref="RpcDeadline"/>, or by the engine's own timeout.</summary>
public interface IClusterInspector
{
    /// <summary>How loaded a silo is now.</summary>
    /// <exception cref="Exception">The silo did not answer.</exception>
    Task<MemberLoad> LoadAsync(SiloAddress silo);

    /// <summary>Where a grain is in memory and what it does; null when it is not. Does not activate it.</summary>
    /// <exception cref="Exception">A silo that had to be asked did not answer.</exception>
    Task<GrainActivity?> FindAsync(GrainId grain);
}

/// <summary>A silo's load.</summary>
/// <param name="Activations">Grains in memory.</param>
/// <param name="Clients">Connected clients.</param>
/// <param name="IsOverloaded">Whether it refuses calls from outside.</param>
/// <param name="CpuPercent">0 to 100 of all cores.</param>
/// <param name="MemoryBytes">Of the process.</param>
/// <param name="QueueDelay">How long work waits for a thread; null when the engine does not measure it.</param>
public sealed record MemberLoad(int Activations, long Clients, bool IsOverloaded, double CpuPercent, long MemoryBytes, TimeSpan? QueueDelay)
{
    /// <summary>The silos that this one cannot reach and has reported.</summary>
    public IReadOnlyList<SiloAddress> Suspects { get; init; } = [];
}

/// <summary>A grain in memory.</summary>
/// <param name="Silo">Where.</param>
public sealed record GrainActivity(SiloAddress Silo)
{
    /// <summary>When it was activated, to about a second; null when unknown.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>When a call of it last ended, to about a second; null when unknown.</summary>
    public DateTimeOffset? LastUsed { get; init; }

    /// <summary>Calls that wait; null when unknown.</summary>
    public int? Waiting { get; init; }

    /// <summary>Calls that run; null when unknown.</summary>
    public int? Running { get; init; }

    /// <summary>The states that it keeps in a storage; empty where they are not told.</summary>
    public IReadOnlyList<StoredState> States { get; init; } = [];
}

/// <summary>A state of a grain in memory.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Storage">The kind of the storage.</param>
/// <param name="Bytes">As it would be stored now.</param>
/// <param name="Etag">Of what is stored; null when nothing is.</param>
public sealed record StoredState(string Name, string Storage, long Bytes, string? Etag);
