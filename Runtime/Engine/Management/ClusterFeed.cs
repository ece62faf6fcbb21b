using System.Collections.Immutable;
using Granary.Engine.Membership;
using Granary.Rpc.Cluster;

namespace Granary.Engine.Management;

/// <summary>This process's view as the parts above the engine see it. A snapshot is made once for each view that is asked for.</summary>
internal sealed class ClusterFeed(ProcessCore process) : IClusterFeed
{
    private volatile Known? _known;

    public ClusterSnapshot Current
    {
        get
        {
            var view = process.View;
            if (_known is { } known && ReferenceEquals(known.View, view)) return known.Snapshot;
            var made = new Known(view, Snapshot(view));
            _known = made;
            return made.Snapshot;
        }
    }

    public async Task<ClusterSnapshot> NextAsync(ClusterSnapshot seen, CancellationToken cancellation)
    {
        while (true)
        {
            // Before the view is read: a change between the two completes it.
            var changed = process.ViewChanged;
            var current = Current;
            if (!ReferenceEquals(current, seen)) return current;
            await changed.WaitAsync(cancellation);
        }
    }

    private ClusterSnapshot Snapshot(MembershipView view) => new(view.Version, view.Epoch, [.. view.Silos.OrderBy(s => s.Address).Select(Member)]);

    private ClusterMember Member(SiloEntry silo) => new(silo.Address, silo.Name, silo.Status.ToString())
    {
        Release = silo.Release,
        StartedAt = silo.StartedAt,
        Roles = silo.Roles,
        Weight = silo.Weight,
        Endpoints = silo.Endpoints,
        Hosts = silo.GrainTypes.Select(Hosted).ToImmutableArray(),
    };

    private HostedInterface Hosted(GrainManifestEntry entry) =>
        new(entry.GrainType, process.Types.FindInterface(entry.Interface)?.Type.FullName ?? entry.Interface, entry.Version);

    private sealed record Known(MembershipView View, ClusterSnapshot Snapshot);
}
