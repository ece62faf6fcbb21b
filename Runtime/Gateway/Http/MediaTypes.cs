namespace Granary.Gateway.Http;

/// <summary>The content types of HTTP/JSON.</summary>
internal static class MediaTypes
{
    public const string Json = "application/json";
    public const string Ndjson = "application/x-ndjson";
    public const string EventStream = "text/event-stream";

    /// <summary>JSON in UTF-8.</summary>
    public static bool IsJson(string? contentType)
    {
        if (contentType is null) return false;
        return string.Equals(contentType, Json, StringComparison.OrdinalIgnoreCase) || (Is(contentType, Json, out var parameters) && IsUtf8(parameters));
    }

    /// <summary>One JSON value a line, under any of the names in use.</summary>
    public static bool IsNdjson(string? contentType) => contentType is not null
        && (Is(contentType, Ndjson, out var parameters) || Is(contentType, "application/ndjson", out parameters) || Is(contentType, "application/jsonl", out parameters)) && IsUtf8(parameters);

    private static bool Is(string contentType, string type, out ReadOnlySpan<char> parameters)
    {
        var semicolon = contentType.IndexOf(';', StringComparison.Ordinal);
        parameters = semicolon < 0 ? default : contentType.AsSpan(semicolon + 1);
        return (semicolon < 0 ? contentType : contentType.AsSpan(0, semicolon)).Trim().Equals(type, StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsUtf8(ReadOnlySpan<char> parameters)
    {
        foreach (var range in parameters.Split(';'))
        {
            var parameter = parameters[range].Trim();
            if (!parameter.StartsWith("charset=", StringComparison.OrdinalIgnoreCase)) continue;
            var charset = parameter["charset=".Length..].Trim('"');
            if (!charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) && !charset.Equals("us-ascii", StringComparison.OrdinalIgnoreCase)) return false;
        }

        return true;
    }
}
