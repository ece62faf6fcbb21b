using System.Collections.Immutable;
using Orleans.Runtime;

namespace Granary.Engine.Membership;

/// <summary>One silo as the cluster sees it. Immutable.</summary>
/// <param name="Address">Where it listens, with its generation.</param>
/// <param name="Name">A human's name for it.</param>
/// <param name="Status">Joining, Active, ShuttingDown or Dead.</param>
/// <param name="Roles">Its roles, for role-based placement.</param>
/// <param name="GrainTypes">The grain types it can host, with the interfaces and versions they serve.</param>
/// <param name="StartedAt">When it joined, UTC, by its own clock: for people, never for decisions.</param>
public sealed record SiloEntry(
    SiloAddress Address,
    string Name,
    SiloStatus Status,
    ImmutableArray<string> Roles,
    ImmutableArray<GrainManifestEntry> GrainTypes,
    DateTimeOffset StartedAt)
{
    /// <summary>The version of the program it runs; for people and for discovery.</summary>
    public string Release { get; init; } = "";

    /// <summary>Its share of the work beside others, for programs that balance by discovery; 100 is usual.</summary>
    public int Weight { get; init; } = 100;

    /// <summary>Where else it can be reached, by protocol: <c>http</c> is the base address of its HTTP endpoints.</summary>
    public ImmutableSortedDictionary<string, string> Endpoints { get; init; } = ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal);

    /// <summary>The version of the first view in which it was Active; 0 before. The table sets it.</summary>
    public long ActiveSince { get; init; }
}

/// <summary>A grain type a silo hosts and one interface it serves.</summary>
/// <param name="GrainType">The grain type.</param>
/// <param name="Interface">The interface's name on the wire.</param>
/// <param name="Version">Its <c>[Version]</c>; 0 without.</param>
/// <param name="Placement">The name of the class's placement strategy; empty for the default.</param>
public sealed record GrainManifestEntry(string GrainType, string Interface, ushort Version, string Placement = "");

/// <summary>The cluster at one version. Versions only grow; a later one replaces an earlier one.</summary>
public sealed record MembershipView(long Version, ImmutableArray<SiloEntry> Silos)
{
    /// <summary>No silo.</summary>
    public static MembershipView Empty { get; } = new(0, []);

    /// <summary>The silos that take calls, ordered by address.</summary>
    public ImmutableArray<SiloEntry> Active { get; } = [.. Silos.Where(s => s.Status == SiloStatus.Active).OrderBy(s => s.Address)];

    /// <summary>
    /// Which table the versions are counted by: a table that has lost its rows starts another epoch, whose views replace those of the one before whatever their versions. Empty in the view of no table.
    /// </summary>
    public string Epoch { get; init; } = "";

    /// <summary>Whether this view is to be acted by instead of the other: it is a later one of the same epoch, or of another epoch.</summary>
    public bool Replaces(MembershipView other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Version > 0 && (Version > other.Version || !string.Equals(Epoch, other.Epoch, StringComparison.Ordinal));
    }

    /// <summary>The silo's row; null when it has none.</summary>
    public SiloEntry? Find(SiloAddress silo) => Silos.FirstOrDefault(s => s.Address.Equals(silo));

    /// <summary>Whether the silo may still have activations.</summary>
    public bool IsAlive(SiloAddress silo) => Silos.Any(s => s.Address.Equals(silo) && (s.Status is SiloStatus.Active or SiloStatus.Joining or SiloStatus.ShuttingDown));
}
