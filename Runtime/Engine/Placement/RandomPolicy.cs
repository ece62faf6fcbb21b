using Granary.Engine.Membership;
using Orleans.Runtime;

namespace Granary.Engine.Placement;

/// <summary><see cref="RandomPlacement"/>: any silo, each as likely.</summary>
internal sealed class RandomPolicy(Random random) : IPlacementPolicy
{
    public SiloAddress? Choose(in PlacementRequest request, ReadOnlySpan<SiloEntry> candidates) => candidates[random.Next(candidates.Length)].Address;
}
