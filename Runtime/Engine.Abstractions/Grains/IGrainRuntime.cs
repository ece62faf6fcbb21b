using Orleans.Core;
using Orleans.Timers;

namespace Orleans.Runtime;

/// <summary>What a silo offers the grains it hosts.</summary>
public interface IGrainRuntime
{
    string SiloIdentity { get; }

    SiloAddress SiloAddress { get; }

    IGrainFactory GrainFactory { get; }

    ITimerRegistry TimerRegistry { get; }

    IServiceProvider ServiceProvider { get; }

    TimeProvider TimeProvider => TimeProvider.System;

    /// <summary>Starts deactivation of the grain when its running requests are done.</summary>
    void DeactivateOnIdle(IGrainContext grainContext);

    /// <summary>Keeps the activation for at least <paramref name="timeSpan"/>; a negative time ends an earlier delay.</summary>
    void DelayDeactivation(IGrainContext grainContext, TimeSpan timeSpan);

    /// <summary>The state of a <see cref="Grain{TGrainState}"/>, by the storage provider its class names.</summary>
    IStorage<TGrainState> GetStorage<TGrainState>(IGrainContext grainContext);
}
