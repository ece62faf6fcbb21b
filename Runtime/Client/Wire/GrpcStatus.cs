using System.Globalization;
using System.Net.Http.Headers;
using Granary.Codec;
using Granary.Rpc;

namespace Granary.Client.Wire;

/// <summary>How a call ended, read from trailers, or from the headers of an answer without a message.</summary>
internal static class GrpcStatus
{
    private const string Name = "grpc-status";

    public static bool IsIn(HttpHeaders headers) => headers.NonValidated.Contains(Name);

    /// <summary>The error, or null after success.</summary>
    public static RpcException? Read(HttpHeaders headers)
    {
        if (Value(headers, Name) is not { } text || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code))
            return new RpcException(StatusCode.Unknown, "the answer ended without a status: whoever gave it does not speak gRPC, or a proxy on the way lost the trailers");
        if (code == 0) return null;
        var message = Value(headers, "grpc-message") is { } encoded ? Uri.UnescapeDataString(encoded) : "";
        var known = RpcStatus.Known((StatusCode)code);
        if (Value(headers, "grpc-status-details-bin") is { } details && TryDecode(details) is { } status && status.Code == known) return status;
        return new RpcException(known, message);
    }

    private static string? Value(HttpHeaders headers, string name) => headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;

    // Details are an extra: what cannot be read of them takes nothing from the status.
    private static RpcException? TryDecode(string base64)
    {
        try
        {
            return RpcErrorCodec.Decode(Convert.FromBase64String(base64.PadRight((base64.Length + 3) / 4 * 4, '=')));
        }
        catch (Exception error) when (error is FormatException or WireFormatException)
        {
            return null;
        }
    }
}
