using Granary.Calls;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Core.Internal;
using Orleans.Runtime;

namespace Granary.Engine.Management;

/// <summary>A grain's reference as seen by an operator: it finds the silo the grain is active on and asks that. Nothing is asked of a grain that is not active.</summary>
internal sealed class GrainManagement(ProxyInit init, ProcessCore process) : GrainProxy(init), IGrainManagementExtension
{
    internal static CallInterface CreateInterface(Func<ProcessCore> process) =>
        new(typeof(IGrainManagementExtension), "Orleans.Core.Internal.IGrainManagementExtension", 0, init => new GrainManagement(init, process()), []);

    public ValueTask DeactivateOnIdle() => AskAsync(static (silo, grain) => silo.Deactivate(grain), default);

    public ValueTask DeactivateOnIdle(CancellationToken cancellationToken) => AskAsync(static (silo, grain) => silo.Deactivate(grain), cancellationToken);

    public ValueTask MigrateOnIdle() => AskAsync(static (silo, grain) => silo.Migrate(grain), default);

    public ValueTask MigrateOnIdle(CancellationToken cancellationToken) => AskAsync(static (silo, grain) => silo.Migrate(grain), cancellationToken);

    private async ValueTask AskAsync(Func<ISiloControl, string, Task<bool>> ask, CancellationToken cancellation)
    {
        var grains = process.Services.GetRequiredService<IGrainFactory>();
        if (await grains.GetGrain<IManagementGrain>(0).GetActivationAddress(this).AsTask().WaitAsync(cancellation) is not { } silo) return;
        await ask(grains.GetGrain<ISiloControl>(SiloControl.IdIn(silo)), GrainId.ToString()).WaitAsync(cancellation);
    }
}
