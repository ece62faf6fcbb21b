using Granary.Calls;
using Granary.Engine.Collection;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Core.Internal;
using Orleans.Runtime;

namespace Granary.Engine.Activations;

/// <summary>What grain code and the parts around it see of an activation.</summary>
internal sealed partial class Activation : IEngineGrainContext, IWorkItemScheduler, ICallChainReentrantGrainContext
{
    private ActivationId _activationId;

    public GrainReference GrainReference => Silo.Router.CreateProxy(GrainId, Class.Interfaces[0]);

    public object? GrainInstance => Instance;

    public ActivationId ActivationId
    {
        get
        {
            if (_activationId.IsDefault) _activationId = ActivationId.NewId();
            return _activationId;
        }
    }

    public GrainAddress Address => new() { GrainId = GrainId, ActivationId = ActivationId, SiloAddress = Silo.Address };

    public IServiceProvider ActivationServices => Extras.Services(Silo.Services);

    public IGrainLifecycle ObservableLifecycle => Extras.GetLifecycle();

    public IWorkItemScheduler Scheduler => this;

    public Task Deactivated => State == ActivationState.Gone ? Task.CompletedTask : Extras.Deactivated;

    public IGrainRuntime GrainRuntime => Silo.GrainRuntime;

    public TComponent? GetComponent<TComponent>()
        where TComponent : class =>
        this as TComponent ?? Instance as TComponent ?? (TComponent?)_extras?.GetComponent(typeof(TComponent)) ?? Silo.Services.GetService<TComponent>();

    public TTarget? GetTarget<TTarget>()
        where TTarget : class => (TTarget?)Instance;

    public object? GetTarget() => Instance;

    public object? GetComponent(Type componentType) => _extras?.GetComponent(componentType);

    public void SetComponent<TComponent>(TComponent? value)
        where TComponent : class => Extras.SetComponent(typeof(TComponent), value);

    public void ReceiveMessage(object message)
    {
        if (message is not Call call) throw new ArgumentException($"An activation receives calls, not {message?.GetType()}.", nameof(message));
        if (!TryDeliver(call)) Silo.Router.SendOn(call, null);
    }

    public void Activate(Dictionary<string, object>? requestContext, CancellationToken cancellationToken = default)
    {
        // The table has begun it.
    }

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default) => RequestDeactivation(deactivationReason);

    public void Rehydrate(IRehydrationContext context)
    {
        foreach (var migrant in _extras?.Lifecycle?.Migrants ?? []) migrant.OnRehydrate(context);
        if (Instance is IGrainMigrationParticipant self) self.OnRehydrate(context);
    }

    /// <summary>Collects what moves with the activation.</summary>
    internal void Dehydrate(IDehydrationContext context)
    {
        foreach (var migrant in _extras?.Lifecycle?.Migrants ?? []) migrant.OnDehydrate(context);
        if (Instance is IGrainMigrationParticipant self) self.OnDehydrate(context);
    }

    /// <summary>The grain moves to the silo that placement picks now; with nowhere else to go, nothing happens.</summary>
    public void Migrate(Dictionary<string, object>? requestContext, CancellationToken cancellationToken = default)
    {
        if (GrainMigration.TargetFor(this, requestContext) is not { } target) return;
        Extras.MovesTo = target;
        RequestDeactivation(new DeactivationReason(DeactivationReasonCode.Migrating, "The grain asked to move."));
    }

    public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);

    public void QueueAction(Action action) => Post(static s => ((Action)s!)(), action);

    public void QueueAction(Action<object> action, object state) => Post(static s =>
    {
        var (action, state) = ((Action<object>, object))s!;
        action(state);
    }, (action, state));

    public void QueueTask(Task task) => Post(static s => ((Task)s!).RunSynchronously(TaskScheduler.Default), task);

    void ICallChainReentrantGrainContext.OnEnterReentrantSection(Guid reentrancyId) => Extras.EnterReentrantSection(reentrancyId);

    void ICallChainReentrantGrainContext.OnExitReentrantSection(Guid reentrancyId) => _extras?.LeaveReentrantSection(reentrancyId);
}
