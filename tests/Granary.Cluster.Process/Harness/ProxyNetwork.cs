using System.Collections.Concurrent;
using System.Net;

namespace Granary.Cluster.Harness;

/// <summary>
/// For those who may not make network namespaces: a proxy in front of every node, on the loopback network. A cut link holds back what is on its way, as TCP does while a cable is pulled; the processes on either
/// end are not told. Needs Linux: who connects is found by its socket.
/// </summary>
internal sealed class ProxyNetwork : IClusterNetwork
{
    private static int s_hosts;

    private readonly ConcurrentDictionary<(string, string), Link> _links = new();
    private readonly ConcurrentDictionary<ClusterNode, (LinkProxy Proxy, int Process)> _occupied = new();
    private readonly ConcurrentDictionary<(ClusterNode, ClusterNode, int), LinkProxy> _routes = new();

    public string Kind => "proxies on the loopback network";

    public ClusterNode Here { get; } = new("here", IPAddress.Loopback, IPAddress.Loopback, [], HasOwnPorts: false);

    public Task<ClusterNode> AddAsync(string name)
    {
        // 127/8 is all ours. Clusters of other processes may use the same addresses: the ports keep them apart.
        var host = (byte)((Interlocked.Increment(ref s_hosts) % 250) + 1);
        return Task.FromResult(new ClusterNode(name, new IPAddress([127, 0, 1, host]), new IPAddress([127, 0, 2, host]), [], HasOwnPorts: false));
    }

    public IPEndPoint Route(ClusterNode from, ClusterNode to, int port) =>
        _routes.GetOrAdd((from, to, port), _ => new LinkProxy(new IPEndPoint(IPAddress.Loopback, 0), new IPEndPoint(to.Listen, port), _ => LinkOf(from, to))).EndPoint;

    public void Occupy(ClusterNode node, int? process, int port)
    {
        if (_occupied.TryRemove(node, out var before)) before.Proxy.Dispose();
        if (process is null) return;
        var proxy = new LinkProxy(new IPEndPoint(node.Address, port), new IPEndPoint(node.Listen, port), caller => LinkOf(NodeOf(caller), node));
        _occupied[node] = (proxy, process.Value);
    }

    public Task CutAsync(ClusterNode one, ClusterNode other)
    {
        LinkOf(one, other).Cut();
        return Task.CompletedTask;
    }

    public Task HealAsync(ClusterNode one, ClusterNode other)
    {
        LinkOf(one, other).Heal();
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        foreach (var (proxy, _) in _occupied.Values) proxy.Dispose();
        foreach (var proxy in _routes.Values) proxy.Dispose();
        return ValueTask.CompletedTask;
    }

    private Link LinkOf(ClusterNode one, ClusterNode other) =>
        _links.GetOrAdd(string.CompareOrdinal(one.Name, other.Name) < 0 ? (one.Name, other.Name) : (other.Name, one.Name), _ => new Link());

    /// <summary>Whose socket it is that connected to a proxy of this process.</summary>
    private ClusterNode NodeOf(IPEndPoint caller)
    {
        var socket = SocketOwner.InodeOf(caller);
        foreach (var (node, (_, process)) in _occupied)
        {
            if (socket is not null && SocketOwner.Has(process, socket)) return node;
        }

        return Here;
    }
}
