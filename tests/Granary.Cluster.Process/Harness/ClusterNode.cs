using System.Net;

namespace Granary.Cluster.Harness;

/// <summary>A place where a process of the cluster runs.</summary>
/// <param name="Name">For people.</param>
/// <param name="Address">Where others reach it.</param>
/// <param name="Listen">Where it listens; another address than <paramref name="Address"/> when something stands between.</param>
/// <param name="Prefix">What is written before its command to run it there.</param>
/// <param name="HasOwnPorts">Whether its ports are nobody else's.</param>
internal sealed record ClusterNode(string Name, IPAddress Address, IPAddress Listen, IReadOnlyList<string> Prefix, bool HasOwnPorts);

/// <summary>Where the processes of a cluster run, and the links between them.</summary>
internal interface IClusterNetwork : IAsyncDisposable
{
    /// <summary>How the links are cut, for people.</summary>
    string Kind { get; }

    /// <summary>Where the tests themselves are; its links cannot be cut.</summary>
    ClusterNode Here { get; }

    Task<ClusterNode> AddAsync(string name);

    /// <summary>The address at which a node reaches a port of another.</summary>
    IPEndPoint Route(ClusterNode from, ClusterNode to, int port);

    /// <summary>Tells which process runs at a node now; null none, so that connections to it are refused.</summary>
    void Occupy(ClusterNode node, int? process, int port);

    /// <summary>From now on what either sends to the other is lost, without a word to either.</summary>
    Task CutAsync(ClusterNode one, ClusterNode other);

    Task HealAsync(ClusterNode one, ClusterNode other);
}
