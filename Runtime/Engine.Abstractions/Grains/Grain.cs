using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace Orleans;

/// <summary>
/// The base of a grain class. Everything here is called from turns of the grain only. An instance made outside the engine, as a unit test does,
/// works as long as it asks nothing of the engine.
/// </summary>
public abstract class Grain : IGrainBase, IAddressable
{
    private IGrainRuntime? _runtime;

    protected Grain()
        : this(ActivationScope.Current!, null)
    {
    }

    /// <summary>For tests and for classes which pass their context on.</summary>
    protected Grain(IGrainContext grainContext, IGrainRuntime? grainRuntime = null)
    {
        GrainContext = grainContext;
        _runtime = grainRuntime;
    }

    public IGrainContext GrainContext { get; }

    /// <summary>A reference to this grain, safe to hand out.</summary>
    public GrainReference GrainReference => (GrainContext ?? throw NoEngine()).GrainReference;

    /// <summary>This grain's id as text.</summary>
    public string IdentityString => GrainContext?.GrainId.ToString() ?? "";

    /// <summary>The silo that hosts this activation, as text.</summary>
    public string RuntimeIdentity => Runtime.SiloIdentity;

    protected IGrainFactory GrainFactory => Runtime.GrainFactory;

    /// <summary>Services of this activation.</summary>
    protected internal IServiceProvider ServiceProvider => GrainContext?.ActivationServices ?? Runtime.ServiceProvider;

    internal IGrainRuntime Runtime =>
        _runtime ??= GrainContext switch
        {
            null => throw NoEngine(),
            IEngineGrainContext engine => engine.GrainRuntime,
            var other => other.ActivationServices.GetRequiredService<IGrainRuntime>(),
        };

    /// <summary>Called before the first request. An exception here fails the calls that wait for the activation.</summary>
    public virtual Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Called after the last request. A crash of the silo skips it.</summary>
    public virtual Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>A timer whose calls may run between the turns of other requests.</summary>
    [Obsolete("Use 'this.RegisterGrainTimer(callback, state, new() { DueTime = dueTime, Period = period, Interleave = true })' instead.")]
    protected IDisposable RegisterTimer(Func<object?, Task> callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        return Runtime.TimerRegistry.RegisterTimer(GrainContext, callback, state, dueTime, period);
    }

    /// <summary>Deactivates this grain when its running requests are done; the next call activates it anew.</summary>
    protected void DeactivateOnIdle() => Runtime.DeactivateOnIdle(GrainContext ?? throw NoEngine());

    /// <summary>Moves this grain to another silo, chosen by its placement, when its running requests are done.</summary>
    protected void MigrateOnIdle() => ((IGrainBase)this).MigrateOnIdle();

    /// <summary>Keeps this activation for at least <paramref name="timeSpan"/>, idle or not; a negative time ends an earlier delay.</summary>
    protected void DelayDeactivation(TimeSpan timeSpan) => Runtime.DelayDeactivation(GrainContext ?? throw NoEngine(), timeSpan);

    private InvalidOperationException NoEngine() =>
        new($"This {GetType().Name} was not created by the engine. Call it through IGrainFactory.GetGrain, or pass an IGrainContext to the constructor of Grain.");
}
