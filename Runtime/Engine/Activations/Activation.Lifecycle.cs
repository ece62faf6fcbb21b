using Granary.Calls;
using Granary.Engine.Collection;
using Orleans;
using Orleans.Runtime;

namespace Granary.Engine.Activations;

/// <summary>Where an activation is in its life. It only moves forward; on its turn, but for readers.</summary>
internal enum ActivationState
{
    /// <summary>In the table; calls wait.</summary>
    Creating,

    /// <summary>Registering, constructing, <c>OnActivateAsync</c>; calls wait.</summary>
    Activating,

    /// <summary>Runs calls.</summary>
    Active,

    /// <summary><c>OnDeactivateAsync</c> and leaving the directory; calls wait to be sent on.</summary>
    Leaving,

    /// <summary>Out of table and directory; calls are sent on at once.</summary>
    Gone,
}

internal sealed partial class Activation
{
    private volatile int _state;
    private DeactivationReason? _leaving; // [turn] why it must go once nothing runs
    private ActivationExtras? _extras;

    internal ActivationState State => (ActivationState)_state;

    /// <summary>The grain object; null until constructed.</summary>
    internal object Instance { get; private set; } = null!;

    /// <summary>What few activations need: scope, lifecycle, timers, components. Made on first use, on the turn or under construction.</summary>
    internal ActivationExtras Extras => _extras ?? Interlocked.CompareExchange(ref _extras, new ActivationExtras(), null) ?? _extras!;

    internal ActivationExtras? ExtrasOrNull => Volatile.Read(ref _extras);

    /// <summary>Begins activation; the creator calls it once, after the activation is in the table.</summary>
    internal void Begin() => EnqueueItem(new ActivateStep());

    /// <summary>Asks it to go once nothing runs. Later reasons than the first are ignored.</summary>
    internal void RequestDeactivation(DeactivationReason reason)
    {
        if (State != ActivationState.Gone) EnqueueItem(new LeaveStep(reason, ifUnused: false));
    }

    /// <summary>Asks it to go unless it is used meanwhile.</summary>
    internal void RequestDeactivationIfUnused(DeactivationReason reason)
    {
        if (State == ActivationState.Active) EnqueueItem(new LeaveStep(reason, ifUnused: true));
    }

    private bool TryEnqueueInTransition(Call call)
    {
        if (State == ActivationState.Gone) return false;
        // It may become Gone before the push: the turn that takes the call from the mailbox sends it on.
        Enqueue(call);
        return true;
    }

    private void Activate()
    {
        _state = (int)ActivationState.Activating;
        ValueTask task;
        try
        {
            task = ActivateAsync();
        }
        catch (Exception error)
        {
            task = ValueTask.FromException(error);
        }

        if (task.IsCompletedSuccessfully) return;
        _ = AwaitActivationAsync(task);
    }

    private async Task AwaitActivationAsync(ValueTask task)
    {
        try
        {
            await task;
        }
        catch (Exception error)
        {
            await FailActivationAsync(error);
        }
    }

    /// <summary>Not async, so that a grain without state, directory and hooks is activated without a state machine.</summary>
    private ValueTask ActivateAsync()
    {
        if (!Silo.Locator.IsLocal && Class.UsesDirectory)
        {
            var registration = Silo.Locator.RegisterAsync(this);
            if (!registration.IsCompletedSuccessfully) return RegisterThenConstructAsync(registration);
            if (registration.Result is { } owner && !owner.Equals(Silo.Address))
            {
                LoseTo(owner);
                return default;
            }
        }

        return Construct();
    }

    private async ValueTask RegisterThenConstructAsync(ValueTask<SiloAddress?> registration)
    {
        var owner = await registration;
        if (owner is not null && !owner.Equals(Silo.Address))
        {
            LoseTo(owner);
            return;
        }

        await Construct();
    }

    private ValueTask Construct()
    {
        Instance = Class.Create(this);
        if (_extras?.Arrival is { } arrival) Rehydrate(arrival.Luggage);
        var lifecycle = _extras?.Lifecycle;
        if (lifecycle is not null) return ConstructAsync(lifecycle);
        if (Instance is IGrainBase grain)
        {
            var hook = grain.OnActivateAsync(CancellationToken.None);
            if (!hook.IsCompletedSuccessfully) return FinishAsync(hook);
        }

        BecomeActive();
        return default;
    }

    private async ValueTask ConstructAsync(GrainLifecycle lifecycle)
    {
        await lifecycle.StartAsync(CancellationToken.None);
        if (Instance is IGrainBase grain) await grain.OnActivateAsync(CancellationToken.None);
        BecomeActive();
    }

    private async ValueTask FinishAsync(Task hook)
    {
        await hook;
        BecomeActive();
    }

    private void BecomeActive()
    {
        LastUsed = Silo.Now;
        _state = (int)ActivationState.Active;
        _extras?.Arrival?.Settle(isOwner: true);
        Silo.Metrics.Activated(Class.Type);
        Class.CountActive(1);
        // Asynchronous activation ends in a continuation: the turn goes on to what waited.
    }

    /// <summary>Another silo registered the grain first: it has it.</summary>
    private void LoseTo(SiloAddress owner)
    {
        Silo.Metrics.RegistrationLost();
        _state = (int)ActivationState.Gone;
        Silo.Table.Remove(this);
        Silo.Locator.Remember(GrainId, owner);
        SendWaitingOn(owner);
        _extras?.Arrival?.Settle(isOwner: false);
        _extras?.SetDeactivated();
    }

    private async ValueTask FailActivationAsync(Exception error)
    {
        Silo.Log.ActivationFailed(GrainId, error);
        Silo.Metrics.ActivationFailed();
        _state = (int)ActivationState.Leaving;
        await DisposeAsync();
        if (!Silo.Locator.IsLocal && Class.UsesDirectory) await Silo.Locator.UnregisterAsync(this);
        _state = (int)ActivationState.Gone;
        Silo.Table.Remove(this);
        _failure = error;
        FailWaiting(error);
        _extras?.Arrival?.Settle(isOwner: false);
        _extras?.SetDeactivated();
    }

    private Exception? _failure;

    /// <summary>[turn] Nothing runs and it was asked to go.</summary>
    private void Leave()
    {
        if (State < ActivationState.Active) return; // asked while it activates: once it has
        var reason = _leaving!.Value;
        _leaving = null;
        if (State != ActivationState.Active) return;
        _state = (int)ActivationState.Leaving;
        _ = LeaveAsync(reason);
    }

    private async Task LeaveAsync(DeactivationReason reason)
    {
        SiloAddress? owner = null;
        try
        {
            using var limit = new CancellationTokenSource(Silo.DeactivationTimeout);
            _extras?.StopTimers();
            if (Instance is IGrainBase grain)
            {
                try
                {
                    await grain.OnDeactivateAsync(reason, limit.Token).WaitAsync(Silo.DeactivationTimeout);
                }
                catch (Exception error)
                {
                    Silo.Log.DeactivationFailed(GrainId, error);
                }
            }

            if (_extras?.Lifecycle is { } lifecycle) await lifecycle.StopAsync(limit.Token);
            if (reason.ReasonCode == DeactivationReasonCode.Migrating && _extras?.MovesTo is { } target && await GrainMigration.MoveAsync(this, target))
            {
                owner = target;
                Silo.Locator.Remember(GrainId, target);
            }

            await DisposeAsync();
            if (owner is null && !Silo.Locator.IsLocal && Class.UsesDirectory) await Silo.Locator.UnregisterAsync(this);
        }
        catch (Exception error)
        {
            Silo.Log.DeactivationFailed(GrainId, error);
        }

        _state = (int)ActivationState.Gone;
        Silo.Table.Remove(this);
        Silo.Metrics.Deactivated(Class.Type);
        Class.CountActive(-1);
        SendWaitingOn(owner);
        _extras?.SetDeactivated();
    }

    /// <summary>Whether nothing happens here, nothing did for that long, and nobody asked to keep it. (A running timer tick counts as something.)</summary>
    /// <param name="now">Milliseconds of <see cref="SiloCore.Now"/>.</param>
    /// <param name="ageMs"><see cref="long.MaxValue"/> for never.</param>
    internal bool IsIdle(long now, long ageMs) =>
        State == ActivationState.Active && QueueLength == 0 && RunningRequests == 0
        && ageMs != long.MaxValue
        && now - LastUsed >= ageMs
        && (_extras is null || _extras.KeepAliveUntil <= now);

    /// <summary>[turn] A call arrived in the mailbox of an activation that is leaving or gone.</summary>
    private void OnCallWhileLeaving()
    {
        if (State != ActivationState.Gone) return;
        if (_failure is { } error) FailWaiting(error);
        else SendWaitingOn(null);
    }

    private Call? TakeWaiting()
    {
        var waiting = _waitingHead;
        _waitingHead = null;
        _waitingTail = null;
        return waiting;
    }

    private void SendWaitingOn(SiloAddress? owner)
    {
        for (var call = TakeWaiting(); call is not null;)
        {
            var next = (Call?)call.NextItem;
            call.NextItem = null;
            Interlocked.Decrement(ref _accepted);
            Silo.Router.SendOn(call, owner);
            call = next;
        }
    }

    private void FailWaiting(Exception error)
    {
        for (var call = TakeWaiting(); call is not null;)
        {
            var next = (Call?)call.NextItem;
            call.NextItem = null;
            Interlocked.Decrement(ref _accepted);
            call.Fail(error);
            if (call.IsShared) call.ReleaseCallee();
            call = next;
        }
    }

    private async ValueTask DisposeAsync()
    {
        try
        {
            switch (Instance)
            {
                case IAsyncDisposable disposable: await disposable.DisposeAsync(); break;
                case IDisposable disposable: disposable.Dispose(); break;
            }

            if (_extras is not null) await _extras.DisposeAsync();
        }
        catch (Exception error)
        {
            Silo.Log.DeactivationFailed(GrainId, error);
        }
    }

    private sealed class ActivateStep : TurnStep
    {
        internal override void RunOnTurn(Activation activation) => activation.Activate();
    }

    private sealed class LeaveStep(DeactivationReason reason, bool ifUnused) : TurnStep
    {
        // A request that runs or waits is newer than the decision that nobody uses the grain.
        internal override void RunOnTurn(Activation activation)
        {
            if (activation.State > ActivationState.Active) return;
            if (ifUnused && (activation._running > 0 || activation._waitingHead is not null)) return;
            activation._leaving ??= reason;
        }
    }
}
