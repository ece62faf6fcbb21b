using System.Collections.Concurrent;
using System.Globalization;
using Granary.Calls;
using Granary.Engine.Observers;
using Orleans;
using Orleans.Runtime;

namespace Granary.Engine;

/// <summary>
/// The observers of this process: objects that grains call back. Their ids are <c>sys.observer/{process}/{n}</c>, where the process is a silo's address or a client's id, so that a call
/// finds its way from any silo. Thread-safe.
/// </summary>
/// <remarks>
/// A client has connections from itself to silos and none the other way. So that any silo can reach it, a client with observers keeps connections to its two <i>gateways</i>, the silos that
/// rendezvous hashing picks for its id; a silo without a connection of its own sends the call to them.
/// </remarks>
internal sealed class ObserverTable(ProcessCore process)
{
    internal const string ClientType = "sys.client";

    /// <summary>A call that has come this far goes to the client or nowhere.</summary>
    internal const byte LastHop = 2;

    private readonly ConcurrentDictionary<GrainId, LocalObserver> _observers = new();
    private long _last;

    private static ReadOnlySpan<byte> Prefix => "sys.observer"u8;

    internal ProcessCore Process { get; } = process;

    /// <summary>Whether there are any: then others must be able to reach this process.</summary>
    internal bool Any => !_observers.IsEmpty;

    /// <summary>Called when there is a first one.</summary>
    internal event Action? Began;

    private string Owner => Process is SiloCore silo ? silo.Address.ToParsableString() : Process.ClientId.Key.ToString();

    internal static bool IsObserver(GrainId grainId) => grainId.Type.AsSpan().SequenceEqual(Prefix);

    /// <summary>A reference to an object, which it does not keep alive.</summary>
    /// <exception cref="ArgumentException">The object is a reference itself or does not implement the interface.</exception>
    internal GrainProxy Add(Type interfaceType, IGrainObserver target)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (target is GrainReference) throw new ArgumentException("This is a reference already; pass it on as it is.", nameof(target));
        if (!interfaceType.IsInstanceOfType(target)) throw new ArgumentException($"{target.GetType()} does not implement {interfaceType}.", nameof(target));
        var callInterface = Process.Types.Interface(interfaceType);
        var number = Interlocked.Increment(ref _last);
        var grainId = new GrainId(new GrainType(IdSpan.Create("sys.observer")), IdSpan.Create(string.Create(CultureInfo.InvariantCulture, $"{Owner}/{number}")));
        _observers.TryAdd(grainId, new LocalObserver(Process, grainId, target));
        if (number == 1) Began?.Invoke();
        return callInterface.CreateProxy(new ProxyInit(grainId, callInterface, Process.Router));
    }

    /// <summary>Forgets an observer, by its reference or by the object itself.</summary>
    /// <exception cref="ArgumentException">It is no observer of this process.</exception>
    internal void Remove(IGrainObserver observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        if (observer is GrainReference reference)
        {
            if (!IsObserver(reference.GrainId)) throw new ArgumentException($"{reference} is no reference to an observer.", nameof(observer));
            _observers.TryRemove(reference.GrainId, out _);
            return;
        }

        foreach (var pair in _observers)
        {
            if (ReferenceEquals(pair.Value.Target, observer)) _observers.TryRemove(pair);
        }
    }

    /// <summary>Runs a call to an observer of this process, or sends it to the process that has it.</summary>
    internal void Dispatch(Call call)
    {
        var key = call.TargetId.Key.ToString();
        var slash = key.LastIndexOf('/');
        var owner = slash > 0 ? key[..slash] : key;
        if (owner == Owner) DispatchHere(call);
        else if (SiloAddress.TryParse(owner, out var silo)) SendToSilo(call, silo);
        else SendToClient(call, owner);
    }

    /// <summary>The two silos that a client with observers keeps connections to.</summary>
    internal (SiloAddress? First, SiloAddress? Second) Gateways(string clientId)
    {
        var client = GrainId.Create(ClientType, clientId);
        var first = Process.Locator.Home(client);
        return (first, first is null ? null : Process.Locator.HomeAmongOthers(client, first));
    }

    private static void Fail(Call call)
    {
        call.Fail(new ClientNotAvailableException(call.TargetId));
        call.ReleaseCallee();
    }

    private void DispatchHere(Call call)
    {
        if (_observers.TryGetValue(call.TargetId, out var observer) && observer.TryDeliver(call)) return;
        // Collected or deleted: there is nobody to call.
        _observers.TryRemove(call.TargetId, out _);
        Fail(call);
    }

    private void SendToSilo(Call call, SiloAddress silo)
    {
        if (!Process.View.IsAlive(silo)) Fail(call);
        else if (call.Sink is { } sink) sink.OnMoved(call, silo, placeThere: false);
        else Process.Network.Send(call, silo);
    }

    private void SendToClient(Call call, string clientId)
    {
        // A call that came over a connection cannot leave over another: a copy does.
        if (call.Sink is not null && Process is SiloCore)
        {
            _ = ObserverRelay.RunAsync(Process, call);
            return;
        }

        if (Process.Network.TrySendToClient(call, clientId)) return;
        var (first, second) = Gateways(clientId);
        var self = (Process as SiloCore)?.Address;
        var gateway = call.Hops == 0 && first is not null && !first.Equals(self) ? first : second;
        if (gateway is null || gateway.Equals(self) || call.Hops >= LastHop)
        {
            Fail(call);
            return;
        }

        call.Hops++;
        Process.Network.Send(call, gateway);
    }
}
