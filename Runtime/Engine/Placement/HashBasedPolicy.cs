using Granary.Engine.Membership;
using Granary.Engine.Routing;
using Orleans.Runtime;

namespace Granary.Engine.Placement;

/// <summary><see cref="HashBasedPlacement"/>: a function of the grain id and the set of silos; few grains change silo when the set changes.</summary>
internal sealed class HashBasedPolicy : IPlacementPolicy
{
    public SiloAddress? Choose(in PlacementRequest request, ReadOnlySpan<SiloEntry> candidates) => GrainLocator.HighestWeight(request.GrainId, candidates);
}
