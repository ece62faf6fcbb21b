using System.Text.Json;
using Granary.Rpc;

namespace Granary.Gateway.Connect;

/// <summary>Errors as Connect writes them: <c>code</c>, <c>message</c>, and <c>details</c> with the messages of <c>google/rpc/error_details.proto</c> in base64.</summary>
internal static class ConnectError
{
    public static void Write(Utf8JsonWriter json, RpcException error)
    {
        json.WriteStartObject();
        json.WriteString("code"u8, RpcStatus.ConnectName(error.Code));
        if (error.Message.Length > 0) json.WriteString("message"u8, error.Message);
        var details = RpcErrorCodec.Details(error);
        if (details.Count > 0)
        {
            json.WriteStartArray("details"u8);
            foreach (var (type, value) in details)
            {
                json.WriteStartObject();
                json.WriteString("type"u8, type);
                json.WriteString("value"u8, Convert.ToBase64String(value).TrimEnd('='));
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}
