using Granary.Engine.Membership;
using Orleans.Runtime;

namespace Granary.Engine.Placement;

/// <summary>
/// <see cref="ResourceOptimizedPlacement"/>: of two random silos the one that is less loaded by CPU, queue delay, memory and activations together; a silo that refuses work loses to any other.
/// </summary>
internal sealed class ResourceOptimizedPolicy(LoadTable loads, Random random) : IPlacementPolicy
{
    private const double CpuWeight = 0.4;
    private const double DelayWeight = 0.4;
    private const double MemoryWeight = 0.3;
    private const double ActivationWeight = 0.3;

    public SiloAddress? Choose(in PlacementRequest request, ReadOnlySpan<SiloEntry> candidates)
    {
        var (first, second) = ActivationCountPolicy.TwoOf(candidates, random);
        var most = Math.Max(1, Math.Max(loads.Activations(first), loads.Activations(second)));
        return Score(second, most) < Score(first, most) ? second : first;
    }

    /// <summary>0 for an idle silo; the more, the more loaded.</summary>
    private double Score(SiloAddress silo, int mostActivations)
    {
        var activations = ActivationWeight * loads.Activations(silo) / mostActivations;
        if (loads.Find(silo) is not { } load) return activations;
        return (load.IsOverloaded ? 10 : 0) + (CpuWeight * load.CpuPercent / 100) + (DelayWeight * load.DelayShare) + (MemoryWeight * load.MemoryShare) + activations;
    }
}
