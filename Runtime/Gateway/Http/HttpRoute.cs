using System.Globalization;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.Http;

/// <summary>One address of a method: a verb and a path template. Immutable.</summary>
public sealed class HttpRoute
{
    internal HttpRoute(RpcMethod method, string verb, string template, bool isStandard)
    {
        Method = method;
        Verb = verb;
        Template = template;
        IsStandard = isStandard;
        Segments = template.TrimStart('/').Split('/');
        HasKey = Segments.Contains("{key}");
    }

    /// <summary>What it calls.</summary>
    public RpcMethod Method { get; }

    /// <summary>The HTTP method, upper case.</summary>
    public string Verb { get; }

    /// <summary>The path with placeholders in braces.</summary>
    public string Template { get; }

    /// <summary>Whether every method has it, as against a route its contract names.</summary>
    public bool IsStandard { get; }

    /// <summary>Whether the path holds the grain's key; otherwise the body does.</summary>
    public bool HasKey { get; }

    /// <summary>Whether the arguments that are not in the path come in a body (JSON, or the items of a stream); otherwise in the query.</summary>
    public bool HasBody => Verb is "POST" or "PUT" or "PATCH";

    internal string[] Segments { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Verb} {Template}";

    /// <summary>The standard routes of a method: POST, and GET when it only reads.</summary>
    internal static IEnumerable<HttpRoute> StandardOf(RpcMethod method)
    {
        var template = $"{Prefix(method.Service.Version)}/{method.Service.Name}/{{key}}/{method.Name}";
        yield return new HttpRoute(method, "POST", template, isStandard: true);
        if (AllowsGet(method)) yield return new HttpRoute(method, "GET", template, isStandard: true);
    }

    internal static bool AllowsGet(RpcMethod method) => method is { IsReadOnly: true, Kind: RpcMethodKind.Unary or RpcMethodKind.ServerStream };

    private static string Prefix(int version) => version == 1 ? "/rpc" : string.Create(CultureInfo.InvariantCulture, $"/v{version}/rpc");
}

/// <summary>What an address and a verb lead to: a method with its path arguments, or the reason why to none.</summary>
internal readonly struct RouteMatch
{
    /// <summary>The route, when there is one.</summary>
    public HttpRoute? Route { get; init; }

    /// <summary>The key from the path, decoded; null when the body holds it.</summary>
    public string? Key { get; init; }

    /// <summary>The other placeholders' values.</summary>
    public List<KeyValuePair<string, string>>? Arguments { get; init; }

    /// <summary>The verbs the address has, when the request's is none of them.</summary>
    public string? Allow { get; init; }

    /// <summary>The HTTP status to answer with, when there is no route.</summary>
    public int Status { get; init; }

    /// <summary>What is wrong, when there is no route.</summary>
    public string? Problem { get; init; }
}
