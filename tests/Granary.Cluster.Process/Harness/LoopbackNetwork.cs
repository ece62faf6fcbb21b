using System.Net;

namespace Granary.Cluster.Harness;

/// <summary>Everything on the loopback address; no link can be cut.</summary>
internal sealed class LoopbackNetwork : IClusterNetwork
{
    public string Kind => "the loopback address";

    public ClusterNode Here { get; } = new("here", IPAddress.Loopback, IPAddress.Loopback, [], HasOwnPorts: false);

    public Task<ClusterNode> AddAsync(string name) => Task.FromResult(Here with { Name = name });

    public IPEndPoint Route(ClusterNode from, ClusterNode to, int port) => new(to.Address, port);

    public void Occupy(ClusterNode node, int? process, int port)
    {
    }

    public Task CutAsync(ClusterNode one, ClusterNode other) => throw new NotSupportedException("Links of the loopback network cannot be cut. Start the cluster with a network that can.");

    public Task HealAsync(ClusterNode one, ClusterNode other) => CutAsync(one, other);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
