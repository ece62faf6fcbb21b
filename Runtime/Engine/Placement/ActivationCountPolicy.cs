using Granary.Engine.Membership;
using Orleans.Runtime;

namespace Granary.Engine.Placement;

/// <summary><see cref="ActivationCountBasedPlacement"/>: of two random silos the one with fewer activations, which spreads nearly as well as looking at all and never sends everything to one.</summary>
internal sealed class ActivationCountPolicy(LoadTable loads) : IPlacementPolicy
{
    public SiloAddress? Choose(in PlacementRequest request, ReadOnlySpan<SiloEntry> candidates)
    {
        var (first, second) = TwoOf(candidates);
        return loads.Activations(second) < loads.Activations(first) ? second : first;
    }

    /// <summary>Two different random silos; twice the same when there is one.</summary>
    internal static (SiloAddress First, SiloAddress Second) TwoOf(ReadOnlySpan<SiloEntry> candidates)
    {
        if (candidates.Length == 1) return (candidates[0].Address, candidates[0].Address);
        var first = Random.Shared.Next(candidates.Length);
        var second = Random.Shared.Next(candidates.Length - 1);
        if (second >= first) second++;
        return (candidates[first].Address, candidates[second].Address);
    }
}
