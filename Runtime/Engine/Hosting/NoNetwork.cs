using Granary.Calls;
using Granary.Engine.Transport;
using Orleans.Runtime;

namespace Granary.Engine.Hosting;

/// <summary>The network of a process that has not begun to talk to others, or never will.</summary>
internal sealed class NoNetwork : IPeerNetwork
{
    internal static readonly NoNetwork Instance = new();

    public void Send(Call call, SiloAddress silo)
    {
        call.Fail(new SiloUnavailableException($"The call {call.Method.FullName} cannot be sent to {silo}: this process is not connected to a cluster. Start the host first."));
        if (call.IsShared) call.ReleaseCallee();
    }

    public bool TrySendToClient(Call call, string clientId) => false;

    public void ForgetSilo(SiloAddress silo)
    {
    }

    public Task StopAsync(TimeSpan timeout) => Task.CompletedTask;
}
