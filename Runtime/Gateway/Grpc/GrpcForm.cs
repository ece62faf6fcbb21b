namespace Granary.Gateway.Grpc;

/// <summary>The forms of gRPC, told apart by the content type.</summary>
internal enum GrpcForm
{
    /// <summary>Not gRPC at all.</summary>
    None,

    /// <summary>gRPC over HTTP/2.</summary>
    Http2,

    /// <summary>gRPC-Web.</summary>
    Web,

    /// <summary>gRPC-Web in base64.</summary>
    WebText,

    /// <summary>gRPC, in an encoding of messages that is not spoken here.</summary>
    Unknown,
}

/// <summary>The content types of gRPC (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, PROTOCOL-WEB.md).</summary>
internal static class GrpcContent
{
    public const string Http2 = "application/grpc";
    public const string Web = "application/grpc-web+proto";
    public const string WebText = "application/grpc-web-text+proto";

    /// <summary>The form of a request.</summary>
    public static GrpcForm FormOf(string? contentType)
    {
        if (contentType is null || !contentType.StartsWith(Http2, StringComparison.OrdinalIgnoreCase)) return GrpcForm.None;
        if (contentType.Length == Http2.Length) return GrpcForm.Http2;
        var end = contentType.IndexOf(';', StringComparison.Ordinal);
        return (end < 0 ? contentType : contentType[..end]).Trim().ToLowerInvariant() switch
        {
            Http2 or "application/grpc+proto" => GrpcForm.Http2,
            Web or "application/grpc-web" => GrpcForm.Web,
            WebText or "application/grpc-web-text" => GrpcForm.WebText,
            _ => contentType[Http2.Length] is '+' or '-' or ';' or ' ' ? GrpcForm.Unknown : GrpcForm.None,
        };
    }

    /// <summary>The content type of a response.</summary>
    public static string TypeOf(GrpcForm form) => form switch
    {
        GrpcForm.Web => Web,
        GrpcForm.WebText => WebText,
        _ => Http2,
    };
}
