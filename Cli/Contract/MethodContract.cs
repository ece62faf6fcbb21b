using System.Text.Json;

namespace Granary.Cli.Contract;

/// <summary>A method as the contract tells it.</summary>
internal sealed class MethodContract
{
    public MethodContract(RouteContract route, JsonElement operation, bool hasGet)
    {
        Route = route;
        HasGet = hasGet;
        Summary = Text(operation, "summary");
        Access = Text(operation, "description");
        IsDeprecated = operation.TryGetProperty("deprecated", out var deprecated) && deprecated.ValueKind == JsonValueKind.True;
        if (Content(operation, "requestBody") is { } body)
        {
            if (body.TryGetProperty("application/x-ndjson", out var items)) Item = items.GetProperty("schema");
            else if (body.TryGetProperty("application/json", out var json)) Arguments = json.GetProperty("schema");
        }

        Query = [.. operation.TryGetProperty("parameters", out var parameters) ? parameters.EnumerateArray().Where(p => Text(p, "in") == "query") : []];
        if (!operation.TryGetProperty("responses", out var responses) || !responses.TryGetProperty("200", out var ok) || !ok.TryGetProperty("content", out var content)) return;
        IsResultStream = content.TryGetProperty("application/x-ndjson", out var lines);
        if (IsResultStream) Result = lines.GetProperty("schema");
        else if (content.TryGetProperty("application/json", out var result)) Result = result.GetProperty("schema");
    }

    public RouteContract Route { get; }

    public string Service => Route.Service;

    public int Version => Route.Version;

    public string Name => Route.Method;

    public string Summary { get; }

    /// <summary>Who may call, and what else the document says.</summary>
    public string Access { get; }

    public bool IsDeprecated { get; }

    /// <summary>Whether it may be called by GET, since it only reads.</summary>
    public bool HasGet { get; }

    /// <summary>The arguments' object; null when they are in the query or there are none.</summary>
    public JsonElement? Arguments { get; }

    /// <summary>The arguments in the query, beside a stream.</summary>
    public IReadOnlyList<JsonElement> Query { get; }

    /// <summary>The item of the caller's stream; null when the caller does not stream.</summary>
    public JsonElement? Item { get; }

    /// <summary>The result, or its stream's item; null when there is none.</summary>
    public JsonElement? Result { get; }

    public bool IsResultStream { get; }

    private static JsonElement? Content(JsonElement operation, string name) =>
        operation.TryGetProperty(name, out var part) && part.TryGetProperty("content", out var content) ? content : null;

    private static string Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
