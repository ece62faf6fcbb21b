using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Granary.Cli.Connection;
using Granary.Cli.Output;

namespace Granary.Cli.Contract;

/// <summary>The services of a host, as its <c>/openapi.json</c> tells them.</summary>
internal sealed partial class ServiceContract
{
    private readonly Dictionary<string, string> _summaries = new(StringComparer.Ordinal);

    private ServiceContract(JsonDocument document)
    {
        Schemas = new SchemaText(document.RootElement);
        if (document.RootElement.TryGetProperty("tags", out var tags))
        {
            foreach (var tag in tags.EnumerateArray()) _summaries[tag.GetProperty("name").GetString()!] = tag.TryGetProperty("description", out var text) ? text.GetString()! : "";
        }

        List<MethodContract> methods = [];
        List<RouteContract> routes = [];
        foreach (var path in document.RootElement.GetProperty("paths").EnumerateObject())
        {
            var operations = path.Value.EnumerateObject().Where(o => o.Value.ValueKind == JsonValueKind.Object && o.Value.TryGetProperty("operationId", out _)).ToArray();
            foreach (var operation in operations)
            {
                if (OperationId().Match(operation.Value.GetProperty("operationId").GetString()!) is not { Success: true } id) continue;
                var route = new RouteContract(operation.Name.ToUpperInvariant(), path.Name, id.Groups["service"].Value, int.Parse(id.Groups["version"].Value, CultureInfo.InvariantCulture), id.Groups["method"].Value);
                routes.Add(route);
                if (route.Verb == "POST" && StandardPath().IsMatch(path.Name)) methods.Add(new MethodContract(route, operation.Value, operations.Any(o => o.Name == "get")));
            }
        }

        Methods = methods;
        Routes = routes;
    }

    /// <summary>The methods, in the order of the document.</summary>
    public IReadOnlyList<MethodContract> Methods { get; }

    /// <summary>Every address.</summary>
    public IReadOnlyList<RouteContract> Routes { get; }

    /// <summary>The types.</summary>
    public SchemaText Schemas { get; }

    public static async Task<ServiceContract> ReadAsync(HostClient host, CancellationToken cancellation) => new(await host.GetJsonAsync("openapi.json", cancellation));

    /// <summary>The same; null when the host does not publish its contract.</summary>
    public static async Task<ServiceContract?> TryReadAsync(HostClient host, CancellationToken cancellation)
    {
        try
        {
            return await ReadAsync(host, cancellation);
        }
        catch (CallFailedException)
        {
            return null;
        }
    }

    public string SummaryOf(string service) => _summaries.GetValueOrDefault(service, "");

    /// <summary>The methods of one version of a service.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public IReadOnlyList<MethodContract> MethodsOf(ServiceName name)
    {
        var all = Methods.Where(m => m.Service == name.Name).ToArray();
        if (all.Length == 0) throw new UsageException($"there is no service '{name.Name}'{Nearest.Hint(name.Name, Methods.Select(m => m.Service))} 'granary list' shows those there are");
        var version = all.Where(m => m.Version == name.Version).ToArray();
        return version.Length > 0 ? version : throw new UsageException($"'{name.Name}' has no version {name.Version}; write {string.Join(" or ", all.Select(m => $"{name.Name}/v{m.Version}").Distinct(StringComparer.Ordinal))}");
    }

    /// <exception cref="UsageException">There is no such method.</exception>
    public MethodContract Find(ServiceName name, string method)
    {
        var methods = MethodsOf(name);
        return methods.FirstOrDefault(m => m.Name == method)
            ?? throw new UsageException($"'{name}' has no method '{method}'{Nearest.Hint(method, methods.Select(m => m.Name))} 'granary describe {name}' shows those there are");
    }

    [GeneratedRegex(@"^(?<service>.+)_v(?<version>\d+)_(?<method>[^_]+)(_.*)?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OperationId();

    [GeneratedRegex(@"^(/v\d+)?/rpc/[^/]+/\{key\}/[^/]+$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex StandardPath();
}

/// <summary>An address of a method.</summary>
internal sealed record RouteContract(string Verb, string Path, string Service, int Version, string Method);

/// <summary>A service as it is written on the command line: <c>users</c> is version 1, <c>users/v2</c> another.</summary>
internal readonly record struct ServiceName(string Name, int Version)
{
    /// <exception cref="UsageException">It is no such name.</exception>
    public static ServiceName Parse(string text)
    {
        var slash = text.LastIndexOf("/v", StringComparison.Ordinal);
        if (slash < 0 && text.Length > 0 && !text.Contains('/', StringComparison.Ordinal)) return new ServiceName(text, 1);
        if (slash > 0 && int.TryParse(text.AsSpan(slash + 2), NumberStyles.None, CultureInfo.InvariantCulture, out var version) && version > 0) return new ServiceName(text[..slash], version);
        throw new UsageException($"'{text}' is no service; write its name, or name and version like users/v2");
    }

    /// <summary>The path of a call, relative to the host's address.</summary>
    public string PathOf(string key, string method) => $"{(Version == 1 ? "" : $"v{Version}/")}rpc/{Uri.EscapeDataString(Name)}/{Uri.EscapeDataString(key)}/{Uri.EscapeDataString(method)}";

    public override string ToString() => Version == 1 ? Name : $"{Name}/v{Version}";
}
