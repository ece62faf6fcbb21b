using Granary.Engine.Activations;
using Granary.Engine.Management;
using Granary.Engine.Placement;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;

namespace Granary.Engine.Collection;

/// <summary>
/// Moves activations between silos: the old one leaves as it does when it deactivates, but hands what it carries to the new silo before it gives its directory entry up; the new activation
/// takes that entry over by compare-and-set, so there is no moment with two owners or with none.
/// </summary>
internal static class GrainMigration
{
    /// <summary>Where a caller of <c>MigrateOnIdle</c> wants the grain: a <see cref="SiloAddress"/> in the request context, as in official Orleans.</summary>
    internal const string PlacementHintKey = "PlacementHintKey";

    /// <summary>The silo a grain would move to; null when there is no better one than this.</summary>
    internal static SiloAddress? TargetFor(Activation activation, Dictionary<string, object>? requestContext)
    {
        var silo = activation.Silo;
        if (silo.Locator.IsLocal || !activation.Class.UsesDirectory) return null;
        if (requestContext?.GetValueOrDefault(PlacementHintKey) is SiloAddress hinted)
            return silo.View.Active.Any(s => s.Address.Equals(hinted)) && !hinted.Equals(silo.Address) ? hinted : null;
        // On the turn, which does not wait: a director of the user's that has to think leaves the grain where it is.
        var choosing = silo.Placement.ChooseAsync(new PlacementRequest(activation.GrainId, activation.Class.Interfaces[0], null)).AsTask();
        if (!choosing.IsCompleted) return null;
        var chosen = choosing.GetAwaiter().GetResult();
        return chosen is null || chosen.Equals(silo.Address) ? null : chosen;
    }

    /// <summary>On the old silo, when nothing runs any more: hands the activation over. False when the new silo would not have it; then the grain is deactivated as usual.</summary>
    internal static async Task<bool> MoveAsync(Activation activation, SiloAddress target)
    {
        var luggage = new MigrationContext([]);
        activation.Dehydrate(luggage);
        var control = activation.Silo.Services.GetRequiredService<IGrainFactory>().GetGrain<ISiloControl>(SiloControl.IdIn(target));
        return await control.AcceptMigrant(new Migrant
        {
            GrainId = activation.GrainId.ToString(),
            FromSilo = activation.Silo.Address.ToParsableString(),
            FromActivation = activation.ActivationId.ToString(),
            Values = luggage.Values,
        });
    }

    /// <summary>On the new silo: activates the grain with what it carries. False when it is active here already, or cannot be.</summary>
    internal static Task<bool> AcceptAsync(SiloCore silo, Migrant migrant)
    {
        var grainId = GrainId.Parse(migrant.GrainId);
        if (!silo.AcceptsActivations || silo.Types.FindClass(grainId.Type) is not { } grainClass) return Task.FromResult(false);
        var from = new GrainAddress
        {
            GrainId = grainId,
            SiloAddress = SiloAddress.FromParsableString(migrant.FromSilo),
            ActivationId = ActivationId.FromParsableString(migrant.FromActivation),
        };
        return silo.Table.Settle(grainId, grainClass, new Arrival(from, new MigrationContext(migrant.Values)));
    }
}

/// <summary>How an activation that came from another silo begins.</summary>
/// <param name="from">The directory entry it takes over.</param>
/// <param name="luggage">What it carries.</param>
internal sealed class Arrival(GrainAddress from, IRehydrationContext luggage)
{
    private readonly TaskCompletionSource<bool> _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal GrainAddress From { get; } = from;

    internal IRehydrationContext Luggage { get; } = luggage;

    /// <summary>Whether it became the owner.</summary>
    internal Task<bool> Settled => _settled.Task;

    internal void Settle(bool isOwner) => _settled.TrySetResult(isOwner);
}
