using System.Diagnostics.CodeAnalysis;
using Granary.Engine;
using Granary.Engine.Activations;
using Granary.Engine.Collection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace Orleans.TestingHost;

/// <summary>What a test asks of its cluster.</summary>
public partial class TestCluster
{
    /// <summary>The silos that run.</summary>
    public IEnumerable<SiloHandle> GetActiveSilos() => Silos.Where(s => s.IsActive);

    public SiloHandle? GetSiloForAddress(SiloAddress siloAddress) => Silos.FirstOrDefault(s => s.SiloAddress.Equals(siloAddress));

    public bool ContainsSilo(SiloAddress siloAddress) => GetSiloForAddress(siloAddress) is not null;

    /// <summary>The services of a silo; of the first one when none is named.</summary>
    /// <exception cref="ArgumentException">The cluster has no such silo.</exception>
    public IServiceProvider GetSiloServiceProvider(SiloAddress? silo = null) =>
        (silo is null ? Silos.FirstOrDefault() : GetSiloForAddress(silo)) is InProcessSiloHandle handle
            ? handle.ServiceProvider
            : throw new ArgumentException($"The test cluster has no running silo {silo}.", nameof(silo));

    /// <summary>Waits until every silo and the client know which silos there are.</summary>
    /// <exception cref="TimeoutException">They do not within 20 s.</exception>
    public async Task WaitForLivenessToStabilizeAsync(bool didKill = false)
    {
        using var limit = new CancellationTokenSource(s_stabilization);
        while (!IsStable())
        {
            if (limit.IsCancellationRequested) throw new TimeoutException($"The silos and the client of the test cluster do not agree on the members after {s_stabilization}.{Environment.NewLine}{GetLog()}");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>The manifest travels with the membership: see <see cref="WaitForLivenessToStabilizeAsync"/>.</summary>
    public Task WaitForClusterManifestToStabilizeAsync(bool didKill = false) => WaitForLivenessToStabilizeAsync(didKill);

    /// <summary>The activation of a grain, in whichever silo it is; false when the grain is not active.</summary>
    public bool TryGetGrainContext(GrainId grainId, [NotNullWhen(true)] out IGrainContext? grainContext)
    {
        grainContext = Find(grainId);
        return grainContext is not null;
    }

    /// <summary>Waits until the grain's present activation, if there is one, is gone.</summary>
    public Task WaitForDeactivationAsync(GrainId grainId) => Find(grainId)?.Deactivated ?? Task.CompletedTask;

    /// <inheritdoc cref="WaitForDeactivationAsync(GrainId)"/>
    public Task WaitForDeactivationAsync(IAddressable grain) => WaitForDeactivationAsync(grain.GetGrainId());

    /// <summary>Deactivates the grain and waits until it is gone.</summary>
    public Task DeactivateAsync(GrainId grainId)
    {
        if (Find(grainId) is not { } activation) return Task.CompletedTask;
        activation.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "A test asked for it."));
        return activation.Deactivated;
    }

    /// <inheritdoc cref="DeactivateAsync(GrainId)"/>
    public Task DeactivateAsync(IAddressable grain) => DeactivateAsync(grain.GetGrainId());

    /// <summary>Moves the grain to another silo and waits until it has left the one it is in.</summary>
    public async Task MigrateAsync(GrainId grainId, SiloAddress? targetSilo = null)
    {
        if (Find(grainId) is not { } activation) return;
        var target = targetSilo ?? Silos.Select(s => s.SiloAddress).FirstOrDefault(s => !s.Equals(activation.Silo.Address));
        if (target is null || target.Equals(activation.Silo.Address)) return;
        activation.Migrate(new Dictionary<string, object>(StringComparer.Ordinal) { [GrainMigration.PlacementHintKey] = target });
        await activation.Deactivated;
    }

    /// <inheritdoc cref="MigrateAsync(GrainId, SiloAddress)"/>
    public Task MigrateAsync(IAddressable grain, SiloAddress? targetSilo = null) => MigrateAsync(grain.GetGrainId(), targetSilo);

    private Activation? Find(GrainId grainId) => Silos.OfType<InProcessSiloHandle>().Select(s => s.Core.Table.Find(grainId)).FirstOrDefault(a => a is { State: <= ActivationState.Leaving });

    private bool IsStable()
    {
        var version = _shared.Membership.View.Version;
        return Silos.OfType<InProcessSiloHandle>().All(s => s.Core.View.Version >= version)
            && (_clientHost is null || _clientHost.Services.GetRequiredService<ClientCore>().View.Version >= version);
    }
}
