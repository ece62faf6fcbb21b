using Granary.Engine.Activations;
using Granary.Engine.Storage;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Core;
using Orleans.Runtime;
using Orleans.Timers;

namespace Granary.Engine.Hosting;

/// <summary>What the silo offers its grains. It looks at the silo when asked, so that what a silo is made of may depend on it.</summary>
internal sealed class GrainRuntime(IServiceProvider services, IGrainFactory grainFactory, ITimerRegistry timers, TimeProvider time) : IGrainRuntime
{
    private SiloCore? _silo;

    public string SiloIdentity => Silo.Address.ToString();

    private SiloCore Silo => _silo ??= services.GetRequiredService<SiloCore>();

    public SiloAddress SiloAddress => Silo.Address;

    public IGrainFactory GrainFactory => grainFactory;

    public ITimerRegistry TimerRegistry => timers;

    public IServiceProvider ServiceProvider => services;

    public TimeProvider TimeProvider => time;

    public void DeactivateOnIdle(IGrainContext grainContext) =>
        grainContext.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "DeactivateOnIdle was called."));

    public void DelayDeactivation(IGrainContext grainContext, TimeSpan timeSpan)
    {
        if (grainContext is not Activation activation) throw new ArgumentException($"{grainContext.GetType()} is no activation of this Silo.", nameof(grainContext));
        var until = timeSpan == Timeout.InfiniteTimeSpan || timeSpan == TimeSpan.MaxValue ? long.MaxValue
            : timeSpan <= TimeSpan.Zero ? 0
            : Silo.Now + (long)Math.Min(timeSpan.TotalMilliseconds, long.MaxValue / 4);
        activation.Extras.KeepAliveUntil = until;
    }

    public IStorage<TGrainState> GetStorage<TGrainState>(IGrainContext grainContext) =>
        ((PersistentStateFactory)services.GetRequiredService<IPersistentStateFactory>()).CreateForClass<TGrainState>(grainContext);
}
