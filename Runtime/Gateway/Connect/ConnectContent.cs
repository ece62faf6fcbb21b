using Granary.Gateway.Framing;

namespace Granary.Gateway.Connect;

/// <summary>The content types of the Connect protocol (https://connectrpc.com/docs/protocol).</summary>
internal static class ConnectContent
{
    public const string UnaryTypes = "application/json, application/proto";
    public const string StreamTypes = "application/connect+json, application/connect+proto";

    /// <summary>The format of messages; null for another content type.</summary>
    /// <param name="contentType">The request's, or null.</param>
    /// <param name="isStream">Whether it is one of a stream.</param>
    public static MessageFormat? FormatOf(string? contentType, out bool isStream)
    {
        isStream = false;
        if (contentType is null) return null;
        if (MediaTypes.IsJson(contentType)) return MessageFormat.Json;
        var end = contentType.IndexOf(';', StringComparison.Ordinal);
        var type = (end < 0 ? contentType : contentType[..end]).Trim().ToLowerInvariant();
        isStream = type is "application/connect+json" or "application/connect+proto";
        return type switch
        {
            "application/proto" or "application/connect+proto" => MessageFormat.Proto,
            "application/connect+json" => MessageFormat.Json,
            _ => null,
        };
    }

    /// <summary>The content type of a response.</summary>
    public static string TypeOf(MessageFormat format, bool isStream) => format == MessageFormat.Json
        ? isStream ? "application/connect+json" : MediaTypes.Json
        : isStream ? "application/connect+proto" : "application/proto";
}
