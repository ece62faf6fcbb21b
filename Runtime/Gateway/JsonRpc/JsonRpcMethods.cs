using System.Collections.Frozen;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.JsonRpc;

/// <summary>
/// The methods by the names that JSON-RPC gives them: <c>calculator.Multiply</c> for version 1, <c>v2.users.Get</c> for another, and the full name of protobuf, <c>granary.samples.v1.Calculator.Multiply</c>. Immutable.
/// </summary>
internal sealed class JsonRpcMethods
{
    private readonly FrozenDictionary<string, RpcMethod> _byName;

    /// <exception cref="InvalidOperationException">Two methods have the same name.</exception>
    public JsonRpcMethods(RpcCatalog catalog)
    {
        var byName = new Dictionary<string, RpcMethod>(StringComparer.Ordinal);
        foreach (var method in catalog.Services.SelectMany(s => s.Methods))
        {
            foreach (var name in Names(method))
            {
                if (!byName.TryAdd(name, method) && byName[name] != method)
                    throw new InvalidOperationException($"Two methods have the JSON-RPC name '{name}': {byName[name]} and {method}. Give one of the services another name in [RpcService].");
            }
        }

        _byName = byName.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>Every name, in no particular order.</summary>
    public IEnumerable<string> All => _byName.Keys;

    public RpcMethod? Find(string name) => _byName.GetValueOrDefault(name);

    private static IEnumerable<string> Names(RpcMethod method)
    {
        var service = method.Service;
        if (service.Version == 1) yield return $"{service.Name}.{method.Name}";
        yield return $"v{service.Version}.{service.Name}.{method.Name}";
        yield return $"{service.FullName}.{method.Name}";
    }
}
