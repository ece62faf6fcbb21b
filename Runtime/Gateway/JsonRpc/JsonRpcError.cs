using System.Text.Json;
using Granary.Rpc;

namespace Granary.Gateway.JsonRpc;

/// <summary>
/// Errors of JSON-RPC 2.0, section 5.1. Wrong arguments are -32602, an internal error -32603; the other codes are server errors, -32000 less the number of the code: NOT_FOUND is -32005. <c>data</c> is the problem
/// document that HTTP would have answered.
/// </summary>
internal static class JsonRpcError
{
    public const int ParseError = -32700;
    public const int InvalidRequest = -32600;
    public const int MethodNotFound = -32601;
    public const int InvalidParams = -32602;
    private const int InternalError = -32603;
    private const int ServerError = -32000;

    public static int CodeOf(RpcException error) => RpcStatus.Known(error.Code) switch
    {
        StatusCode.InvalidArgument => InvalidParams,
        StatusCode.Internal => InternalError,
        var code => ServerError - (int)code,
    };

    /// <summary>The response to a request whose call failed.</summary>
    public static byte[] Response(ReadOnlySpan<byte> id, RpcException error, string traceId) => Write(id, CodeOf(error), error.Message, error, traceId);

    /// <summary>The response to what is no call. Without an id of its own, the id is null.</summary>
    public static byte[] Response(ReadOnlySpan<byte> id, int code, string message) => Write(id, code, message, null, "");

    /// <summary>Writes the error object of a call that failed.</summary>
    public static void Write(Utf8JsonWriter json, RpcException error, string traceId) => Write(json, CodeOf(error), error.Message, error, traceId);

    private static void Write(Utf8JsonWriter json, int code, string message, RpcException? error, string traceId)
    {
        json.WriteStartObject();
        json.WriteNumber("code"u8, code);
        json.WriteString("message"u8, message);
        if (error is not null)
        {
            json.WritePropertyName("data"u8);
            HttpProblem.Write(json, error, RpcStatus.ToHttp(error.Code), traceId);
        }

        json.WriteEndObject();
    }

    private static byte[] Write(ReadOnlySpan<byte> id, int code, string message, RpcException? error, string traceId)
    {
        var output = JsonOutput.Rent();
        try
        {
            var json = output.Json;
            json.WriteStartObject();
            json.WriteString("jsonrpc"u8, "2.0"u8);
            json.WritePropertyName("error"u8);
            Write(json, code, message, error, traceId);
            json.WritePropertyName("id"u8);
            if (id.IsEmpty) json.WriteNullValue();
            else json.WriteRawValue(id, skipInputValidation: true);
            json.WriteEndObject();
            json.Flush();
            return output.Written.ToArray();
        }
        finally
        {
            output.Return();
        }
    }
}
