using Orleans.Runtime;

namespace Granary.Engine.Placement;

/// <summary>Chooses the silo of a new activation by the strategy of its grain class, among the active silos that can host it.</summary>
internal sealed class PlacementPolicies(ProcessCore process)
{
    /// <summary>The silo for a new activation; null when no active silo hosts grains of that type.</summary>
    internal SiloAddress? Choose(GrainId grainId, GrainId source)
    {
        var type = grainId.Type.ToString();
        var candidates = process.View.Active.Where(s => s.GrainTypes.Any(g => g.GrainType == type)).ToArray();
        return candidates.Length == 0 ? null : candidates[Random.Shared.Next(candidates.Length)].Address;
    }
}
