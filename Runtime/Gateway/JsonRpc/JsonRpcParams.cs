using System.Text.Json;
using Granary.Codec;
using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Gateway.JsonRpc;

/// <summary>The <c>params</c> of a request into typed arguments: by name, the grain's key under <c>key</c>; or by position, the key first and the arguments in the order of the method.</summary>
internal static class JsonRpcParams
{
    /// <exception cref="RpcException">There are too many of them, or the key is too long.</exception>
    /// <exception cref="JsonFieldException">One does not fit.</exception>
    public static void Read(ReadOnlySpan<byte> parameters, RpcRequest request, LimitOptions limits)
    {
        Read(parameters, request, limits.JsonDepth);
        if (request.KeyText is { } key && key.Length > limits.KeyLength) throw RpcException.Invalid("key", $"longer than {limits.KeyLength} characters");
    }

    private static void Read(ReadOnlySpan<byte> parameters, RpcRequest request, int maxDepth)
    {
        if (parameters.IsEmpty)
        {
            ReadObject("{}"u8, request, maxDepth);
        }
        else if (parameters[0] == (byte)'{')
        {
            ReadObject(parameters, request, maxDepth);
        }
        else
        {
            var output = JsonOutput.Rent();
            try
            {
                Name(parameters, request.Method, output.Json, maxDepth);
                output.Json.Flush();
                ReadObject(output.Written, request, maxDepth);
            }
            finally
            {
                output.Return();
            }
        }
    }

    /// <summary>Adds the first item of the caller's stream, when the params by name hold one.</summary>
    /// <exception cref="JsonFieldException">It does not fit.</exception>
    public static void ReadItem(ReadOnlySpan<byte> parameters, RpcRequestItems items, int maxDepth)
    {
        if (parameters.IsEmpty || parameters[0] != (byte)'{') return;
        var reader = new Utf8JsonReader(parameters, new JsonReaderOptions { MaxDepth = maxDepth });
        items.TryAddJson(ref reader);
    }

    private static void ReadObject(ReadOnlySpan<byte> json, RpcRequest request, int maxDepth)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = maxDepth });
            request.ReadJson(ref reader, keyInBody: true);
        }
        catch (JsonException exception)
        {
            // The message is JSON, so only this is left.
            throw new RpcException(StatusCode.InvalidArgument, $"params is nested deeper than {maxDepth} levels", exception);
        }
    }

    private static void Name(ReadOnlySpan<byte> array, RpcMethod method, Utf8JsonWriter json, int maxDepth)
    {
        var fields = method.Request.Fields.Where(f => !f.IsItem).ToArray();
        var reader = new Utf8JsonReader(array, new JsonReaderOptions { MaxDepth = maxDepth + 2 });
        reader.Read();
        json.WriteStartObject();
        for (var i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
        {
            if (i == fields.Length)
                throw new RpcException(StatusCode.InvalidArgument, $"params has more than {fields.Length} values; by position they are {string.Join(", ", fields.Select(f => f.Name))}");
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            json.WritePropertyName(fields[i].Name);
            json.WriteRawValue(array[start..(int)reader.BytesConsumed], skipInputValidation: true);
        }

        json.WriteEndObject();
    }
}
