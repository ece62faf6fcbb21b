using System.Diagnostics;
using Granary.Calls;
using Granary.Engine.Activations;
using Granary.Engine.Filters;
using Granary.Engine.Placement;
using Granary.Engine.Transport;
using Granary.Rpc;
using Orleans;
using Orleans.Runtime;

namespace Granary.Engine.Routing;

/// <summary>
/// Takes the calls of one process to their grains. A silo's router has a table of activations; a client's has none and sends everything to silos.
/// </summary>
/// <remarks>
/// A call that leaves a proxy is given what travels with it, passes the outgoing filters and is dispatched:
/// <code>
///   1 the activation the proxy last reached, or the table's                    run or queue it
///   2 the location cache, or else the grain's home silo (rendezvous hashing)   send it there
///   3 we are the home: look up the directory, else place                       run, queue, or send
/// </code>
/// A silo that does not have the grain answers Moved, with the owner if it knows one, and never runs the call; the sender remembers the owner and dispatches again, at most
/// <see cref="MaxHops"/> times. So a call travels directly to the owner once its location is known, and a wrong location costs a round trip, not a duplicate.
/// </remarks>
internal sealed class GrainRouter : CallRouter
{
    /// <summary>Moves of one call; after the first few it waits between them, because the cluster is changing.</summary>
    internal const int MaxHops = 64;

    private const int HopsAtOnce = 4;

    /// <summary>
    /// Attempts to reach a silo before the call fails. With the waits between them they take some three seconds, if the deadline does not come first: longer than it takes to find out that a silo has died,
    /// so a call that could not be sent to it goes to its grain's next activation.
    /// </summary>
    private const int MaxUnsent = 32;

    private readonly ProcessCore _process;
    private readonly SiloCore? _silo;
    private readonly IOutgoingGrainCallFilter[] _outgoing;
    private readonly long _responseTimeoutMs;
    private readonly bool _traces = true;

    internal GrainRouter(ProcessCore process)
    {
        _process = process;
        _silo = process as SiloCore;
        _outgoing = [.. process.OutgoingFilters];
        _responseTimeoutMs = (long)process.ResponseTimeout.TotalMilliseconds;
    }

    internal override TimingWheel Deadlines => _process.Deadlines;

    internal override void Send(Call call, GrainProxy target)
    {
        var caller = SynchronizationContext.Current as CallTarget;
        if (!ExecutionContextScope.IsClean) TakeAmbient(call);
        if (caller is not null) EngineTelemetry.Inherit(call, caller);
        if (!SetDeadline(call, caller)) return;
        call.SourceId = caller is null ? _process.ClientId : caller.CallerId;
        // The end of a call with a stream must be seen, so it never ends unshared.
        if (call.Method.HasStreamArgument) call.Share();
        if (_outgoing.Length > 0 || _process.HasCallObservers)
        {
            OutgoingCallPath.Send(this, _outgoing, call, target);
            return;
        }

        Dispatch(call, target);
    }

    internal override void SendFiltered(Call call, GrainProxy? target)
    {
        // Filters may have taken long: where the grain is here, nobody else looks at the lease before it runs.
        if (target is null) Redispatch(call);
        else if (!RefusedByFence(call, Environment.TickCount64)) Dispatch(call, target);
    }

    /// <summary>Makes a copy of a call for the end of its outgoing filters, with the request context as they left it.</summary>
    internal void Prepare(Call copy, Call original, GrainProxy target)
    {
        copy.PrepareLike(original);
        copy.Context = RequestContext.Current;
    }

    /// <summary>Takes a call that has all that travels with it to its grain.</summary>
    internal void Dispatch(Call call, GrainProxy target)
    {
        if (target.LocalTarget is Activation activation)
        {
            call.Holder = activation;
            if (activation.TryDeliver(call)) return;
            target.LocalTarget = null;
        }

        DispatchAnywhere(call, target);
    }

    /// <summary>A call that arrived over a connection, with its arguments read.</summary>
    internal void OnRequest(Call call)
    {
        call.ArgumentsAreOurs = true;
        if (call.Sink is { PeerSilo: null } && _process.IsOverloaded(Environment.TickCount64) && !SystemGrains.IsSystem(call.TargetId)) RefuseOverloaded(call);
        else DispatchHere(call, null);
    }

    /// <summary>The silo a call was sent to does not have the grain; the arguments have been read back from its answer.</summary>
    internal void OnMoved(Call call, SiloAddress? owner, bool placeThere, SiloAddress askedSilo)
    {
        if (call.IsClaimed)
        {
            call.ReleaseCallee();
            return;
        }

        call.ArgumentsAreOurs = true;
        if (owner is null) _process.Locator.Forget(call.TargetId, askedSilo);
        else _process.Locator.Remember(call.TargetId, owner);
        if (!CountHop(call)) return;
        call.PlaceHere = placeThere;
        Redispatch(call, owner is not null && owner.Equals(_silo?.Address) ? null : owner);
    }

    /// <summary>A call could not be written to a silo, so it has not run, or it may run twice: it may go elsewhere.</summary>
    internal void OnUnsent(Call call, SiloAddress silo, Exception reason)
    {
        _process.Locator.Forget(call.TargetId, silo);
        if (call.IsClaimed)
        {
            call.ReleaseCallee();
            return;
        }

        if (call.Hops >= MaxUnsent)
        {
            End(call, new SiloUnavailableException($"The silo {silo} cannot be reached: {reason.Message}"));
            return;
        }

        call.Hops++;
        call.PlaceHere = false;
        Redispatch(call);
    }

    /// <summary>An activation that has gone gives back a call that waited in its mailbox; it has not run.</summary>
    internal void SendOn(Call call, SiloAddress? owner)
    {
        if (call.IsClaimed)
        {
            call.ReleaseCallee();
            return;
        }

        call.NextItem = null;
        call.Holder = null;
        if (call.Sink is { } sink)
        {
            sink.OnMoved(call, owner, placeThere: false);
            return;
        }

        if (!CountHop(call)) return;
        if (owner is not null) _process.Locator.Remember(call.TargetId, owner);
        call.PlaceHere = false;
        Redispatch(call);
    }

    internal override void CancelAtTarget(Call call)
    {
        switch (call.Holder)
        {
            case Activation activation: activation.CancelOnTurn(call); break;
            case ICallHolder holder: holder.Cancel(call); break;
        }
    }

    internal override GrainProxy CreateProxy(GrainId grainId, Type interfaceType) => CreateProxy(grainId, _process.Types.Interface(interfaceType));

    internal GrainProxy CreateProxy(GrainId grainId, CallInterface callInterface) => callInterface.CreateProxy(new ProxyInit(grainId, callInterface, this));

    internal override IAddressable? CreateProxy(GrainId grainId, string interfaceName, Type asType)
    {
        var callInterface = _process.Types.FindInterface(interfaceName);
        if (callInterface is null || !asType.IsAssignableFrom(callInterface.Type)) callInterface = _process.Types.Interface(asType);
        return CreateProxy(grainId, callInterface);
    }

    /// <summary>Sends a call that has not run on its way again: to a silo that should have the grain, or wherever it is found.</summary>
    private void Redispatch(Call call, SiloAddress? owner = null)
    {
        if (RefusedByFence(call, Environment.TickCount64)) return;
        if (call.Hops > HopsAtOnce) _ = RedispatchLaterAsync(call, owner);
        else if (owner is not null) SendToPeer(call, owner);
        else DispatchAnywhere(call, null);
    }

    /// <summary>
    /// The grain moves about or its silo has just gone: gives it 1, 2, 4 ... 128 ms to settle. The call's deadline goes on meanwhile; a wait that would outlast it is not begun, so that the caller hears that the call was
    /// never delivered, and not that nobody knows what became of it.
    /// </summary>
    private async Task RedispatchLaterAsync(Call call, SiloAddress? owner)
    {
        // Deadlines are in real time, and so is this.
        var wait = 1 << Math.Min(call.Hops - HopsAtOnce - 1, 7);
        if (call.Deadline - Environment.TickCount64 <= wait + TimingWheel.TickMs)
        {
            End(call, new SiloUnavailableException($"The call {call.Method.FullName} to {call.TargetId} could not be delivered before its deadline: its grain's silo could not be reached, or the grain kept moving. Try again."));
            return;
        }

        await Task.Delay(TimeSpan.FromMilliseconds(wait), TimeProvider.System).ConfigureAwait(false);
        if (call.IsClaimed) call.ReleaseCallee();
        else if (RefusedByFence(call, Environment.TickCount64)) return;
        else if (owner is not null) SendToPeer(call, owner);
        else DispatchAnywhere(call, null);
    }

    private void DispatchAnywhere(Call call, GrainProxy? target)
    {
        var grainId = call.TargetId;
        if (ObserverTable.IsObserver(grainId))
        {
            _process.Observers.Dispatch(call);
            return;
        }

        if (_silo is not null)
        {
            DispatchHere(call, target);
            return;
        }

        // A client: the owner if it is known, else the silo that would know.
        var to = (call.Hops <= HopsAtOnce ? _process.Locator.Cached(grainId) : null) ?? _process.Locator.Home(grainId);
        if (to is null) NoSilo(call);
        else SendToPeer(call, to);
    }

    /// <summary>On a silo: runs the call here, or finds out where it belongs.</summary>
    private void DispatchHere(Call call, GrainProxy? target)
    {
        var silo = _silo!;
        if (RefusedByFence(call, Environment.TickCount64)) return;
        var grainId = call.TargetId;
        if (ObserverTable.IsObserver(grainId))
        {
            _process.Observers.Dispatch(call);
            return;
        }

        var grainClass = _process.Types.FindClass(grainId.Type);
        if (SystemGrains.IsSystem(grainId))
        {
            var owner = SystemGrains.SiloOf(grainId);
            if (owner is not null && !owner.Equals(silo.Address)) SendTo(call, owner, place: false);
            else if (grainClass is not null) DeliverTo(silo.Table.GetOrCreate(grainId, grainClass), call, null);
            else NoClass(call);
            return;
        }

        if (grainClass is { IsStatelessWorker: true })
        {
            DeliverToWorker(call, grainClass);
            return;
        }

        if (silo.Table.Find(grainId) is { } activation)
        {
            if (DeliverTo(activation, call, target)) return;
        }

        if (silo.Locator.IsLocal || call.PlaceHere)
        {
            if (grainClass is null) NoClass(call);
            else if (!silo.AcceptsActivations) SendElsewhere(call);
            else Activate(call, grainClass, target);
            return;
        }

        // Only for calls of our own, and not for long: two silos with stale caches would send a call to and fro for ever. Whoever asks us gets what the directory says.
        if (call.Sink is null && call.Hops <= HopsAtOnce && silo.Locator.Cached(grainId) is { } cached && !cached.Equals(silo.Address))
        {
            SendTo(call, cached, place: false);
            return;
        }

        var home = silo.Locator.Home(grainId);
        if (home is null) NoSilo(call);
        else if (!home.Equals(silo.Address) && call.Sink is null) SendTo(call, home, place: false);
        else Resolve(call, target);
    }

    /// <summary>We are the grain's home (or were asked as if we were): look it up, or place it.</summary>
    private void Resolve(Call call, GrainProxy? target)
    {
        var location = _silo!.Locator.ResolveAsync(new PlacementRequest(call.TargetId, call.Method.Interface, call.Sink is { } sink ? sink.PeerSilo : _silo.Address), call.Deadline);
        if (location.IsCompletedSuccessfully)
        {
            Go(call, target, location.Result);
        }
        else
        {
            call.IsolateOnce();
            call.Share();
            _ = ResolveAsync(call, target, location);
        }
    }

    private async Task ResolveAsync(Call call, GrainProxy? target, ValueTask<GrainLocation> location)
    {
        try
        {
            var found = await location.ConfigureAwait(false);
            // The directory may have taken long, and an activation that has come up meanwhile would run the call at once.
            if (!RefusedByFence(call, Environment.TickCount64)) Go(call, target, found);
        }
        catch (Exception error)
        {
            End(call, error);
        }
    }

    private void Go(Call call, GrainProxy? target, GrainLocation location)
    {
        if (location.Silo is null)
        {
            NoClass(call);
        }
        else if (location.Silo.Equals(_silo!.Address))
        {
            if (_process.Types.FindClass(call.TargetId.Type) is { } grainClass)
            {
                if (_silo.AcceptsActivations || _silo.Table.Find(call.TargetId) is not null) Activate(call, grainClass, target);
                else SendElsewhere(call);
            }
            else
            {
                NoClass(call);
            }
        }
        else
        {
            if (!location.IsNew) _silo.Locator.Remember(call.TargetId, location.Silo);
            SendTo(call, location.Silo, location.IsNew);
        }
    }

    private void Activate(Call call, GrainClass grainClass, GrainProxy? target)
    {
        while (!DeliverTo(_silo!.Table.GetOrCreate(call.TargetId, grainClass), call, target))
        {
        }
    }

    private bool DeliverTo(Activation activation, Call call, GrainProxy? target)
    {
        call.Holder = activation;
        if (activation.TryDeliver(call))
        {
            if (target is not null && activation.State == ActivationState.Active) target.LocalTarget = activation;
            return true;
        }

        // Gone, and about to leave the table: help it, so that the next look finds another.
        _silo!.Table.Remove(activation);
        return false;
    }

    private void DeliverToWorker(Call call, GrainClass grainClass)
    {
        var pool = _silo!.Table.Workers(call.TargetId, grainClass);
        while (true)
        {
            var worker = pool.Pick();
            call.Holder = worker;
            if (worker.TryDeliver(call)) return;
            pool.Remove(worker);
        }
    }

    /// <summary>To another silo. A call that came over a connection is sent back to its sender with the address instead: it then knows for the next time.</summary>
    private void SendTo(Call call, SiloAddress silo, bool place)
    {
        if (call.Sink is { } sink)
        {
            sink.OnMoved(call, silo, place);
            return;
        }

        call.PlaceHere = place;
        SendToPeer(call, silo);
    }

    private void SendToPeer(Call call, SiloAddress silo)
    {
        if (call.Sink is null && call.Method.HasStreamArgument) call.BindStreams(_process.GrainFactory);
        _process.Network.Send(call, silo);
    }

    /// <summary>This silo takes no new activations (it stops): another one does.</summary>
    private void SendElsewhere(Call call)
    {
        var other = _silo!.Locator.HomeAmongOthers(call.TargetId, _silo.Address);
        if (other is null)
        {
            ActivateLast(call);
            return;
        }

        if (call.Sink is null && !CountHop(call)) return;
        SendTo(call, other, place: false);
    }

    /// <summary>The only silo stops, and a grain that still runs needs another one to finish: that one lives just for this.</summary>
    private void ActivateLast(Call call)
    {
        if (call.SourceId.Type == _process.ClientId.Type || _process.Types.FindClass(call.TargetId.Type) is not { } grainClass)
        {
            End(call, new SiloUnavailableException($"The silo {_silo!.Address} is stopping and no other silo takes new grains."));
            return;
        }

        var grainId = call.TargetId;
        Activate(call, grainClass, null);
        _silo!.Table.Find(grainId)?.RequestDeactivation(new DeactivationReason(DeactivationReasonCode.ShuttingDown, "The silo is stopping."));
    }

    private bool CountHop(Call call)
    {
        _process.Metrics.Rerouted();
        if (++call.Hops <= MaxHops) return true;
        End(call, new OrleansMessageRejectionException($"The call {call.Method.FullName} to {call.TargetId} was sent on {MaxHops} times and found its grain nowhere. The cluster keeps changing; try again."));
        return false;
    }

    private void NoClass(Call call)
    {
        End(call, new OrleansMessageRejectionException($"No silo hosts grains of the type '{call.TargetId.Type}', which {call.Method.FullName} was called on. Reference the project of its class in a silo."));
    }

    private void RefuseOverloaded(Call call)
    {
        _process.Metrics.Shed();
        End(call, new GatewayTooBusyException($"The call {call.Method.FullName} was refused: work waits longer for a thread than Granary:Engine:OverloadQueueDelay allows. Try again later, or add silos."));
    }

    /// <summary>Ends a call that has not run. Nobody hears of a one-way call's end but the log.</summary>
    private void End(Call call, Exception error)
    {
        if (call.IsOneWay) _process.Log.OneWayFailed(call.Method.FullName, call.TargetId, error);
        call.Fail(error);
        call.ReleaseCallee();
    }

    /// <summary>Ends a call that this silo may not start, because its lease is over. True when it did.</summary>
    private bool RefusedByFence(Call call, long now)
    {
        if (!_process.Fence.IsPassed(now)) return false;
        End(call, TurnFence.Refusal());
        return true;
    }

    private void NoSilo(Call call)
    {
        End(call, new SiloUnavailableException($"The call {call.Method.FullName} cannot be sent: no active silo is known."));
    }

    private void TakeAmbient(Call call)
    {
        call.Context = RequestContext.Current;
        var deadline = RpcDeadline.Current;
        if (deadline != 0)
        {
            call.Deadline = deadline;
            call.DeadlineIsExplicit = true;
        }

        if (_traces && Activity.Current is { } activity) call.TraceParent = activity.Context;
    }

    /// <summary>The nearest of: what someone chose, what the caller's own call has left, the method's or the default timeout. False when it has passed: the call has failed.</summary>
    private bool SetDeadline(Call call, CallTarget? caller)
    {
        var now = Environment.TickCount64;
        if (caller?.Request is { } outer && outer.Deadline < call.Deadline)
        {
            call.Deadline = outer.Deadline;
            call.DeadlineIsExplicit = outer.DeadlineIsExplicit;
        }

        var method = call.Method;
        if (method.ResponseTimeoutMs > 0) call.Deadline = Math.Min(call.Deadline, now + method.ResponseTimeoutMs);
        else if ((method.Flags & CallFlags.Stream) == 0) call.Deadline = Math.Min(call.Deadline, now + _responseTimeoutMs);
        if (caller is null && _process.IsOverloaded(now) && !SystemGrains.IsSystem(call.TargetId))
        {
            RefuseOverloaded(call);
            return false;
        }

        if (call.Deadline > now && now < Volatile.Read(ref _process.FenceAt)) return true;
        if (RefusedByFence(call, now)) return false;
        End(call, new TimeoutException($"The deadline had passed before the call {method.FullName} to {call.TargetId} was sent."));
        return false;
    }
}
