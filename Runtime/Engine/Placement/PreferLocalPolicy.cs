using Granary.Engine.Membership;
using Orleans.Runtime;

namespace Granary.Engine.Placement;

/// <summary><see cref="PreferLocalPlacement"/>: the silo of the caller when it can host the grain, else any.</summary>
internal sealed class PreferLocalPolicy(Random random) : IPlacementPolicy
{
    public SiloAddress? Choose(in PlacementRequest request, ReadOnlySpan<SiloEntry> candidates)
    {
        foreach (var silo in candidates)
        {
            if (silo.Address.Equals(request.CallerSilo)) return silo.Address;
        }

        return candidates[random.Next(candidates.Length)].Address;
    }
}
