using Orleans.Serialization.Invocation;

namespace Orleans.Runtime;

/// <summary>One activation of a grain: its identity, its instance and its life. The engine implements it.</summary>
public interface IGrainContext : ITargetHolder, IEquatable<IGrainContext>
{
    /// <summary>A reference to this grain.</summary>
    GrainReference GrainReference { get; }

    GrainId GrainId { get; }

    /// <summary>The instance of the grain class; null before it is made.</summary>
    object? GrainInstance { get; }

    ActivationId ActivationId { get; }

    GrainAddress Address { get; }

    /// <summary>Services of this activation: a scope, made when first asked for.</summary>
    IServiceProvider ActivationServices { get; }

    /// <summary>The steps of this activation's life.</summary>
    IGrainLifecycle ObservableLifecycle { get; }

    /// <summary>Runs work on this activation, one piece at a time.</summary>
    IWorkItemScheduler Scheduler { get; }

    /// <summary>Completes when the activation is gone.</summary>
    Task Deactivated { get; }

    /// <summary>Sets the component found under <typeparamref name="TComponent"/>; null removes it.</summary>
    void SetComponent<TComponent>(TComponent? value)
        where TComponent : class;

    /// <summary>Accepts a message of the engine's own kind.</summary>
    void ReceiveMessage(object message);

    /// <summary>Starts activation. <paramref name="requestContext"/> is that of the call which caused it.</summary>
    void Activate(Dictionary<string, object>? requestContext, CancellationToken cancellationToken = default);

    /// <summary>Starts deactivation: when the running requests are done, the activation goes. Does not wait.</summary>
    void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default);

    /// <summary>Restores what <see cref="IDehydrationContext"/> carried here from another silo.</summary>
    void Rehydrate(IRehydrationContext context);

    /// <summary>Starts moving the activation to another silo. Does not wait; with nowhere to go, nothing happens.</summary>
    void Migrate(Dictionary<string, object>? requestContext, CancellationToken cancellationToken = default);
}

/// <summary>Access to the activation whose turn is running.</summary>
public interface IGrainContextAccessor
{
    IGrainContext GrainContext { get; }
}

/// <summary>Runs work on one activation, in the order given, never two pieces at once.</summary>
public interface IWorkItemScheduler
{
    void QueueAction(Action action);

    /// <summary>Starts a task which was created but not started.</summary>
    void QueueTask(Task task);

    void QueueAction(Action<object> action, object state);
}

/// <summary>Adds extension interfaces to an activation.</summary>
public interface IGrainExtensionBinder
{
    /// <summary>The extension of that interface.</summary>
    /// <exception cref="GrainExtensionNotInstalledException">There is none.</exception>
    TExtensionInterface GetExtension<TExtensionInterface>()
        where TExtensionInterface : class, IGrainExtension;

    /// <summary>The extension of that interface, made when there is none yet, and a reference to it.</summary>
    (TExtension, TExtensionInterface) GetOrSetExtension<TExtension, TExtensionInterface>(Func<TExtension> newExtensionFunc)
        where TExtension : class, TExtensionInterface
        where TExtensionInterface : class, IGrainExtension;
}

/// <summary>An interface which grains can gain without their class implementing it.</summary>
public interface IGrainExtension : IAddressable;

/// <summary>What the engine's activations know besides <see cref="IGrainContext"/>, so that grains need no service scope for it.</summary>
internal interface IEngineGrainContext : IGrainContext
{
    IGrainRuntime GrainRuntime { get; }
}
