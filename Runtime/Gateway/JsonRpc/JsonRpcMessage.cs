using System.Text.Json;

namespace Granary.Gateway.JsonRpc;

/// <summary>Messages to the caller that are no errors.</summary>
internal static class JsonRpcMessage
{
    /// <summary>The notification with an item of a stream: what stands before the item.</summary>
    public static byte[] BeforeItem(long subscription) => System.Text.Encoding.ASCII.GetBytes($$"""{"jsonrpc":"2.0","method":"rpc.item","params":{"subscription":{{subscription}},"item":""");

    /// <summary>What stands after the item.</summary>
    public static ReadOnlySpan<byte> AfterItem => "}}"u8;

    /// <summary>A response.</summary>
    /// <param name="id">The request's id as JSON.</param>
    /// <param name="write">Writes the result.</param>
    public static byte[] Response(ReadOnlySpan<byte> id, Action<Utf8JsonWriter> write)
    {
        var output = JsonOutput.Rent();
        try
        {
            var json = output.Json;
            json.WriteStartObject();
            json.WriteString("jsonrpc"u8, "2.0"u8);
            json.WritePropertyName("result"u8);
            write(json);
            json.WritePropertyName("id"u8);
            json.WriteRawValue(id, skipInputValidation: true);
            json.WriteEndObject();
            json.Flush();
            return output.Written.ToArray();
        }
        finally
        {
            output.Return();
        }
    }

    /// <summary>The notification that a stream has ended.</summary>
    /// <param name="subscription">Which.</param>
    /// <param name="write">Writes the member that tells how, <c>result</c> or <c>error</c>; null for none.</param>
    public static byte[] End(long subscription, Action<Utf8JsonWriter>? write)
    {
        var output = JsonOutput.Rent();
        try
        {
            var json = output.Json;
            json.WriteStartObject();
            json.WriteString("jsonrpc"u8, "2.0"u8);
            json.WriteString("method"u8, "rpc.end"u8);
            json.WriteStartObject("params"u8);
            json.WriteNumber("subscription"u8, subscription);
            write?.Invoke(json);
            json.WriteEndObject();
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
