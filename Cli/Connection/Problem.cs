using System.Net;
using System.Text.Json;

namespace Granary.Cli.Connection;

/// <summary>An error as the host tells it: a problem document (RFC 9457).</summary>
internal sealed record Problem(string Code, string Detail, string? TraceId, IReadOnlyList<(string Field, string Message)> Errors, long? RetryAfter)
{
    /// <summary>Of a response that is no success.</summary>
    public static async Task<Problem> OfAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var text = await response.Content.ReadAsStringAsync(cancellation);
        try
        {
            using var json = JsonDocument.Parse(text);
            if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("code", out _)) return Of(json.RootElement);
        }
        catch (JsonException)
        {
            // Something on the way answered, or this is no Granary host.
        }

        return new Problem($"HTTP {(int)response.StatusCode}", response.StatusCode == HttpStatusCode.OK ? "" : response.ReasonPhrase ?? "", null, [], null);
    }

    public static Problem Of(JsonElement json) => new(
        Text(json, "code") ?? "UNKNOWN",
        Text(json, "detail") ?? Text(json, "title") ?? "",
        Text(json, "traceId"),
        json.TryGetProperty("errors", out var errors) && errors.ValueKind == JsonValueKind.Array ? [.. errors.EnumerateArray().Select(e => (Text(e, "field") ?? "", Text(e, "message") ?? ""))] : [],
        json.TryGetProperty("retryAfter", out var wait) && wait.TryGetInt64(out var seconds) ? seconds : null);

    /// <summary>The error that ends a stream of lines, if this line is one.</summary>
    public static Problem? OfLastLine(JsonElement line) =>
        line.ValueKind == JsonValueKind.Object && line.EnumerateObject().Count() == 1 && line.TryGetProperty("error", out var error)
        && error.ValueKind == JsonValueKind.Object && error.TryGetProperty("code", out _) && error.TryGetProperty("traceId", out _) ? Of(error) : null;

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

/// <summary>The host answered with an error.</summary>
internal sealed class CallFailedException(Problem problem) : Exception($"{problem.Code}: {problem.Detail}")
{
    public Problem Problem { get; } = problem;
}

/// <summary>There is nobody at the address, or nobody who speaks HTTP.</summary>
internal sealed class HostUnreachableException(string message, Exception inner) : Exception(message, inner);
