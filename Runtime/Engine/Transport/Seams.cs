using Granary.Calls;
using Orleans.Runtime;

namespace Granary.Engine.Transport;

/// <summary>The other processes of the cluster, as the router sees them. Thread-safe.</summary>
internal interface IPeerNetwork
{
    /// <summary>
    /// Sends a call to a silo: its arguments are written before this returns. The outcome completes the call; <see cref="Routing.GrainRouter.OnMoved"/> and
    /// <see cref="Routing.GrainRouter.OnUnsent"/> are the other two ends. Never blocks on the network.
    /// </summary>
    void Send(Call call, SiloAddress silo);

    /// <summary>Sends a call to the client that has the observer, if that client is connected here. False when it is not.</summary>
    bool TrySendToClient(Call call, string clientId);

    /// <summary>The silo is gone for good: its connections are closed and the calls in flight on them end.</summary>
    void ForgetSilo(SiloAddress silo);

    /// <summary>Closes every connection: peers are told to send nothing new, and what is in flight has that long to end.</summary>
    Task StopAsync(TimeSpan timeout);
}

/// <summary>A connection that has a call in flight.</summary>
internal interface ICallHolder
{
    /// <summary>The caller gave the call up: the other side is told, and an answer is ignored.</summary>
    void Cancel(Call call);
}
