using System.Globalization;
using System.Text;
using Granary.Rpc;
using Microsoft.AspNetCore.Http;

namespace Granary.Gateway.Grpc;

/// <summary>How a call ended, as gRPC tells it: <c>grpc-status</c>, <c>grpc-message</c> and <c>grpc-status-details-bin</c>.</summary>
internal static class GrpcStatus
{
    /// <summary>Bytes of a message, and of the details: clients bound their headers, some at 8 KB, and would see nothing of a larger set. What is longer is cut, or left out.</summary>
    private const int MostMessageBytes = 2048;
    private const int MostDetailBytes = 4096;

    private static readonly string[] s_codes = [.. Enumerable.Range(0, 17).Select(i => i.ToString(CultureInfo.InvariantCulture))];

    /// <summary>Writes the status into trailers, or into the headers of a response that has nothing else.</summary>
    public static void Write(IHeaderDictionary to, RpcException? error)
    {
        to.GrpcStatus = CodeOf(error);
        if (error is null) return;
        if (error.Message.Length > 0) to.GrpcMessage = Encode(error.Message);
        if (DetailsOf(error) is { } details) to["grpc-status-details-bin"] = details;
    }

    /// <summary>Writes the status as the lines of gRPC-Web's last frame.</summary>
    public static void Write(StringBuilder to, RpcException? error)
    {
        to.Append("grpc-status: ").Append(CodeOf(error)).Append("\r\n");
        if (error is null) return;
        if (error.Message.Length > 0) to.Append("grpc-message: ").Append(Encode(error.Message)).Append("\r\n");
        if (DetailsOf(error) is { } details) to.Append("grpc-status-details-bin: ").Append(details).Append("\r\n");
    }

    /// <summary>Percent-encoding: what is not printable ASCII, and the percent sign, as the bytes of its UTF-8.</summary>
    public static string Encode(string message)
    {
        if (message.Length <= MostMessageBytes && !message.AsSpan().ContainsAnyExceptInRange(' ', '~') && !message.Contains('%', StringComparison.Ordinal)) return message;
        var text = new StringBuilder(message.Length + 16);
        Span<byte> bytes = stackalloc byte[4];
        foreach (var rune in message.EnumerateRunes())
        {
            if (text.Length >= MostMessageBytes) break;
            if (rune.Value is >= ' ' and <= '~' and not '%')
            {
                text.Append((char)rune.Value);
                continue;
            }

            foreach (var b in bytes[..rune.EncodeToUtf8(bytes)]) text.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }

    private static string CodeOf(RpcException? error) => s_codes[(int)(error is null ? StatusCode.Ok : RpcStatus.Known(error.Code))];

    // Binary metadata is base64; without padding is what peers should send.
    private static string? DetailsOf(RpcException error)
    {
        if (error.Violations.Count == 0 && error.Reason is null && error.Metadata.Count == 0 && error.RetryAfter is null) return null;
        var status = RpcErrorCodec.Encode(error);
        return status.Length <= MostDetailBytes ? Convert.ToBase64String(status).TrimEnd('=') : null;
    }
}
