using System.Collections.Frozen;
using Granary.Gateway.Grpc;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.Framing;

/// <summary>The addresses <c>/package.Service/Method</c> that gRPC and Connect have in common. Immutable and thread-safe.</summary>
internal sealed class RpcAddresses
{
    private readonly FrozenDictionary<string, RpcAddress> _byPath;
    private readonly FrozenSet<string> _services;

    public RpcAddresses(RpcCatalog catalog, RpcPipeline pipeline, SystemServices system)
    {
        var byPath = new Dictionary<string, RpcAddress>(StringComparer.Ordinal);
        foreach (var method in system.Catalog.Services.SelectMany(s => s.Methods)) byPath[PathOf(method)] = new RpcAddress(method, system.Pipeline);
        foreach (var method in catalog.Services.SelectMany(s => s.Methods)) byPath[PathOf(method)] = new RpcAddress(method, pipeline);
        _byPath = byPath.ToFrozenDictionary(StringComparer.Ordinal);
        _services = _byPath.Values.Select(a => a.Method.Service.FullName).ToFrozenSet(StringComparer.Ordinal);
    }

    private static string PathOf(RpcMethod method) => $"/{method.Service.FullName}/{method.Name}";

    /// <summary>What is at that path, or null.</summary>
    public RpcAddress? Find(string? path) => path is null ? null : _byPath.GetValueOrDefault(path);

    /// <summary>Why nothing is at that path, in words.</summary>
    public string Explain(string? path)
    {
        var parts = (path ?? "").Split('/');
        if (parts.Length != 3 || parts[0].Length > 0) return "the path is /package.Service/Method";
        return _services.Contains(parts[1]) ? $"the service {parts[1]} has no such method" : "there is no such service";
    }
}

/// <summary>A method and its stages.</summary>
internal sealed record RpcAddress(RpcMethod Method, RpcPipeline Pipeline);
