using System.Collections.Frozen;
using Granary.Rpc.Catalog;
using Granary.Rpc.Cluster;

namespace Granary.ApiHost.Discovery;

/// <summary>Which silos serve which services, and in which versions, by a snapshot of the cluster. A silo of which the engine does not tell what it hosts counts as hosting every service.</summary>
internal sealed class ServiceMap(RpcCatalog catalog)
{
    private readonly FrozenDictionary<string, RpcService[]> _services =
        catalog.Services.GroupBy(s => s.Name, StringComparer.Ordinal).ToFrozenDictionary(g => g.Key, g => g.ToArray(), StringComparer.Ordinal);

    /// <summary>The names of the services this process knows, sorted.</summary>
    internal IEnumerable<string> Names => _services.Keys.Order(StringComparer.Ordinal);

    /// <summary>Whether this process knows the service.</summary>
    internal bool Knows(string name) => _services.ContainsKey(name);

    /// <summary>The services that a silo can host, with their versions.</summary>
    internal IReadOnlyList<ServiceView> HostedBy(ClusterMember member) =>
        [.. Names.Select(name => new ServiceView(name, VersionsIn(member, name))).Where(s => s.Versions.Count > 0)];

    /// <summary>A service and the silos that serve it now: those that are Active and can host a grain of it.</summary>
    internal ServiceInstances InstancesOf(string name, ClusterSnapshot cluster) => new(
        name,
        [.. _services[name].Select(s => s.Version)],
        [.. cluster.Members.Where(m => m.Status == ClusterMember.Active).Select(m => Instance(m, VersionsIn(m, name))).Where(i => i.Versions.Count > 0)]);

    private static ServiceInstance Instance(ClusterMember silo, IReadOnlyList<int> versions) => new(
        silo.Address.Endpoint.ToString(),
        silo.Address.ToParsableString(),
        silo.Name,
        silo.Endpoints.GetValueOrDefault("http"),
        versions,
        silo.Weight,
        silo.Roles,
        silo.Release);

    private int[] VersionsIn(ClusterMember silo, string name) =>
        [.. _services[name].Where(s => silo.Hosts is not { } hosts || hosts.Any(h => h.Interface == s.InterfaceType.FullName)).Select(s => s.Version)];
}

/// <summary>A service and its versions.</summary>
/// <param name="Name">As in addresses.</param>
/// <param name="Versions">Of the contract, ascending.</param>
public sealed record ServiceView(string Name, IReadOnlyList<int> Versions);

/// <summary>A service and where it is served.</summary>
/// <param name="Service">Its name.</param>
/// <param name="Versions">The versions of the contract that this host knows.</param>
/// <param name="Instances">The silos that serve it, by address.</param>
public sealed record ServiceInstances(string Service, IReadOnlyList<int> Versions, IReadOnlyList<ServiceInstance> Instances);

/// <summary>A silo that serves a service.</summary>
/// <param name="Address"><c>ip:port</c> of the silo, for clients of the cluster.</param>
/// <param name="Silo">The same with its generation, <c>ip:port@generation</c>: another one after a restart.</param>
/// <param name="Name">Its name for people.</param>
/// <param name="Http">The base address of its HTTP endpoints, where it told one.</param>
/// <param name="Versions">The versions of the contract that it can host.</param>
/// <param name="Weight">Its share of the work beside others.</param>
/// <param name="Roles">Its roles.</param>
/// <param name="Release">The release of the program it runs.</param>
public sealed record ServiceInstance(
    string Address,
    string Silo,
    string Name,
    string? Http,
    IReadOnlyList<int> Versions,
    int Weight,
    IReadOnlyList<string> Roles,
    string Release);
