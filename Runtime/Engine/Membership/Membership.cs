using System.Collections.Immutable;
using Orleans.Runtime;

namespace Granary.Engine.Membership;

/// <summary>One silo as the cluster sees it. Immutable.</summary>
/// <param name="Address">Where it listens, with its generation.</param>
/// <param name="Name">A human's name for it.</param>
/// <param name="Status">Joining, Active, ShuttingDown or Dead.</param>
/// <param name="Roles">Its roles, for role-based placement.</param>
/// <param name="GrainTypes">The grain types it can host, with the interfaces and versions they serve.</param>
/// <param name="StartedAt">When it joined, UTC.</param>
public sealed record SiloEntry(
    SiloAddress Address,
    string Name,
    SiloStatus Status,
    ImmutableArray<string> Roles,
    ImmutableArray<GrainManifestEntry> GrainTypes,
    DateTimeOffset StartedAt);

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

    /// <summary>Whether the silo may still have activations.</summary>
    public bool IsAlive(SiloAddress silo) => Silos.Any(s => s.Address.Equals(silo) && (s.Status is SiloStatus.Active or SiloStatus.Joining or SiloStatus.ShuttingDown));
}

/// <summary>Where the cluster's silos are written down. In memory for one process, on Redis for a cluster. Thread-safe.</summary>
public interface IMembershipTable
{
    /// <summary>The newest view known here, without asking anyone.</summary>
    MembershipView View { get; }

    /// <summary>Writes a silo's row and advances the version; atomic. A Dead row never becomes anything else.</summary>
    /// <returns>The view that holds the change.</returns>
    Task<MembershipView> WriteAsync(SiloEntry entry, CancellationToken cancellation);

    /// <summary>Reads the table.</summary>
    Task<MembershipView> ReadAsync(CancellationToken cancellation);

    /// <summary>Calls back for each later view, in version order, until disposed.</summary>
    IDisposable Watch(Action<MembershipView> onView);
}
