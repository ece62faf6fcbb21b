using Granary.Engine.Membership;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Granary.Engine.Placement;

/// <summary>A strategy of the user's, carried out by a director of the user's.</summary>
internal sealed class DirectedPlacement(PlacementStrategy strategy, IPlacementDirector director, ProcessCore process)
{
    /// <summary>The director's choice.</summary>
    /// <exception cref="OrleansException">It chose a silo that is not among the candidates, or none.</exception>
    internal async ValueTask<SiloAddress> ChooseAsync(PlacementRequest request, SiloEntry[] candidates)
    {
        var target = new PlacementTarget(request.GrainId, [], GrainInterfaceType.Create(request.Interface), request.Version);
        var chosen = await director.OnAddActivation(strategy, target, new Context(process, candidates));
        if (chosen is not null && Array.Exists(candidates, c => c.Address.Equals(chosen))) return chosen;
        throw new OrleansException(
            $"{director.GetType()} chose {(chosen is null ? "no silo" : $"the silo {chosen}")} for {request.GrainId}, and not one of the {candidates.Length} that host its class. Choose one of IPlacementContext.GetCompatibleSilos(target).");
    }

    private sealed class Context(ProcessCore process, SiloEntry[] candidates) : IPlacementContext
    {
        public SiloAddress LocalSilo => ((SiloCore)process).Address;

        public SiloStatus LocalSiloStatus => process.View.Silos.FirstOrDefault(s => s.Address.Equals(LocalSilo))?.Status ?? SiloStatus.None;

        public SiloAddress[] GetCompatibleSilos(PlacementTarget target) => Array.ConvertAll(candidates, c => c.Address);

        public IReadOnlyDictionary<ushort, SiloAddress[]> GetCompatibleSilosWithVersions(PlacementTarget target)
        {
            var (type, name) = (target.GrainIdentity.Type.ToString(), target.InterfaceType.ToString());
            return candidates.GroupBy(c => c.GrainTypes.FirstOrDefault(g => g.GrainType == type && g.Interface == name)?.Version ?? target.InterfaceVersion)
                .ToDictionary(g => g.Key, g => g.Select(c => c.Address).ToArray());
        }
    }
}
