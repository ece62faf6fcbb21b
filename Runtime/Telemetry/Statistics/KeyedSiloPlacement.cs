using Orleans;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Granary.Telemetry.Statistics;

/// <summary>The silo whose address the grain's key is. An engine that sends such grains to their silo by itself does not ask for it.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class KeyedSiloPlacement : PlacementStrategy
{
    internal static KeyedSiloPlacement Singleton { get; } = new();

    /// <summary>The key says it all.</summary>
    public override bool IsUsingGrainDirectory => true;
}

/// <inheritdoc cref="KeyedSiloPlacement"/>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class OnKeyedSiloAttribute() : PlacementAttribute(KeyedSiloPlacement.Singleton);

/// <summary>Chooses the silo that the key names; a key that names none of the active silos is an error, so that nobody takes another's figures for those of a silo that is gone.</summary>
internal sealed class KeyedSiloDirector : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var wanted = SiloAddress.FromParsableString(target.GrainIdentity.Key.ToString()!);
        return Array.Exists(context.GetCompatibleSilos(target), s => s.Equals(wanted))
            ? Task.FromResult(wanted)
            : throw new SiloUnavailableException($"The silo {wanted} is not active.");
    }
}
