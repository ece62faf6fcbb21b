using Granary.Engine.Membership;
using Orleans.Runtime;

namespace Granary.Engine.Placement;

/// <summary>
/// <see cref="ActivationCountBasedPlacement"/>: of two random silos the one with fewer activations, which spreads nearly as well as looking at all and never sends everything to one.
/// The activations of a slow silo count for more (<see cref="SiloLoad.Slowness"/>), and a silo that refuses work loses to any other.
/// </summary>
internal sealed class ActivationCountPolicy(LoadTable loads, Random random) : IPlacementPolicy
{
    public SiloAddress? Choose(in PlacementRequest request, ReadOnlySpan<SiloEntry> candidates)
    {
        var (first, second) = TwoOf(candidates, random);
        return Weight(second) < Weight(first) ? second : first;
    }

    /// <summary>Two different random silos; twice the same when there is one.</summary>
    internal static (SiloAddress First, SiloAddress Second) TwoOf(ReadOnlySpan<SiloEntry> candidates, Random random)
    {
        if (candidates.Length == 1) return (candidates[0].Address, candidates[0].Address);
        var first = random.Next(candidates.Length);
        var second = random.Next(candidates.Length - 1);
        if (second >= first) second++;
        return (candidates[first].Address, candidates[second].Address);
    }

    private double Weight(SiloAddress silo)
    {
        var activations = loads.Activations(silo);
        if (loads.Find(silo) is not { } load) return activations;
        return load.IsOverloaded ? double.MaxValue : (activations + 1) * (1 + load.Slowness);
    }
}
