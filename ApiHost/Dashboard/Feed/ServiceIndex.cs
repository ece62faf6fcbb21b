using System.Collections.Frozen;
using Granary.Rpc.Catalog;

namespace Granary.ApiHost.Dashboard.Feed;

/// <summary>What a grain interface is called as a service. Immutable.</summary>
internal sealed class ServiceIndex(RpcCatalog catalog)
{
    private readonly FrozenDictionary<string, RpcService> _byInterface = catalog.Services.DistinctBy(s => s.InterfaceType.FullName).ToFrozenDictionary(s => s.InterfaceType.FullName!, StringComparer.Ordinal);

    internal IReadOnlyList<RpcService> Services { get; } = catalog.Services;

    internal RpcService? Find(string interfaceName) => _byInterface.GetValueOrDefault(interfaceName);

    /// <summary><c>calculator/Multiply</c>; for an interface that is no service, its short name in place of the service's.</summary>
    internal string Name(string interfaceName, string method) => interfaceName.Length == 0 ? method : $"{Find(interfaceName)?.Name ?? interfaceName[(interfaceName.LastIndexOf('.') + 1)..]}/{method}";

    /// <summary>The kinds of methods by the names that the page uses.</summary>
    internal static string Kind(RpcMethodKind kind) => kind switch
    {
        RpcMethodKind.ServerStream => "server-stream",
        RpcMethodKind.ClientStream => "client-stream",
        RpcMethodKind.Bidirectional => "bidirectional",
        _ => "unary",
    };
}
