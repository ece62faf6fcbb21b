using Orleans.Runtime;

namespace Granary.Rpc.Cluster;

/// <summary>The cluster's silos as this process knows them, and when that changes. An engine that knows registers it; thread-safe.</summary>
public interface IClusterFeed
{
    /// <summary>The newest snapshot, without asking anyone.</summary>
    ClusterSnapshot Current { get; }

    /// <summary>Completes with the newest snapshot once it is another object than <paramref name="seen"/>; at once when it is already. Snapshots may be skipped.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; nothing of the wait is left behind.</exception>
    Task<ClusterSnapshot> NextAsync(ClusterSnapshot seen, CancellationToken cancellation);
}

/// <summary>The cluster at one version. Immutable.</summary>
/// <param name="Version">Grows with each change, within one epoch.</param>
/// <param name="Epoch">Which table counts the versions: one that has lost its rows counts anew under another epoch. May be empty.</param>
/// <param name="Members">The silos, by address.</param>
public sealed record ClusterSnapshot(long Version, string Epoch, IReadOnlyList<ClusterMember> Members);

/// <summary>A silo. Immutable.</summary>
/// <param name="Address">Where it listens for silos, with its generation.</param>
/// <param name="Name">Its name for people.</param>
/// <param name="Status">Joining, Active, ShuttingDown, Stopping or Dead.</param>
public sealed record ClusterMember(SiloAddress Address, string Name, string Status)
{
    /// <summary>What <see cref="Status"/> says of a silo that takes calls.</summary>
    public const string Active = "Active";

    /// <summary>What <see cref="Status"/> says of a silo that finishes what it has.</summary>
    public const string ShuttingDown = "ShuttingDown";

    /// <summary>Whether it takes part in the cluster, and so answers questions about itself: Active or ShuttingDown.</summary>
    public bool IsRunning => Status is Active or ShuttingDown;

    /// <summary>The release of the program it runs; empty when unknown.</summary>
    public string Release { get; init; } = "";

    /// <summary>When it joined, by its own clock; null when unknown.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Its roles.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>Its share of the work beside others; 100 is usual.</summary>
    public int Weight { get; init; } = 100;

    /// <summary>Where else it can be reached, by protocol: <c>http</c>.</summary>
    public IReadOnlyDictionary<string, string> Endpoints { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The grain interfaces it can host; null when the engine does not tell.</summary>
    public IReadOnlyList<HostedInterface>? Hosts { get; init; }
}

/// <summary>A grain interface that a silo can host.</summary>
/// <param name="GrainType">The grain type that serves it.</param>
/// <param name="Interface">The full name of the C# interface, where this process knows it; else its name on the wire.</param>
/// <param name="Version">Its <c>[Version]</c>; 0 without.</param>
public sealed record HostedInterface(string GrainType, string Interface, int Version);
