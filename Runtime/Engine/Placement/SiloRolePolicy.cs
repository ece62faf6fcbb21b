using Granary.Engine.Membership;
using Orleans.Runtime;

namespace Granary.Engine.Placement;

/// <summary><see cref="SiloRoleBasedPlacement"/>: any silo that has the role which the grain's key names.</summary>
internal sealed class SiloRolePolicy(Random random) : IPlacementPolicy
{
    public SiloAddress? Choose(in PlacementRequest request, ReadOnlySpan<SiloEntry> candidates)
    {
        var role = request.GrainId.Key.ToString();
        var found = new List<SiloAddress>();
        foreach (var silo in candidates)
        {
            if (silo.Roles.Contains(role, StringComparer.Ordinal)) found.Add(silo.Address);
        }

        return found.Count == 0 ? null : found[random.Next(found.Count)];
    }
}
