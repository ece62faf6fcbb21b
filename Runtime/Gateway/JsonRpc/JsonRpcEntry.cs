using System.Text.Json;

namespace Granary.Gateway.JsonRpc;

/// <summary>One request object of a message: where its parts are in the message's bytes. The bytes must outlive it.</summary>
/// <param name="Id">The id's JSON text, a string, number or null; empty when there is none: a notification.</param>
/// <param name="Method">The method's name; null when the request is not valid.</param>
/// <param name="Params">The JSON text of <c>params</c>; empty when there is none.</param>
/// <param name="Problem">Why it is no valid request; null when it is one.</param>
internal readonly record struct JsonRpcEntry(ReadOnlyMemory<byte> Id, string? Method, ReadOnlyMemory<byte> Params, string? Problem)
{
    public bool IsNotification => Id.IsEmpty && Problem is null;

    /// <summary>Reads a message: one request object, or a batch of them.</summary>
    /// <param name="message">The JSON text.</param>
    /// <param name="maxDepth">How deep it may be nested.</param>
    /// <param name="maxBatch">The most requests in a batch.</param>
    /// <param name="entries">What was read.</param>
    /// <returns>Whether it was a batch.</returns>
    /// <exception cref="JsonException">It is no JSON, or too deep.</exception>
    /// <exception cref="JsonRpcBatchException">The batch is empty or too long.</exception>
    public static bool Read(ReadOnlyMemory<byte> message, int maxDepth, int maxBatch, List<JsonRpcEntry> entries)
    {
        // One level more for the request object and one for the batch: the depth is that of the arguments.
        var reader = new Utf8JsonReader(message.Span, new JsonReaderOptions { MaxDepth = maxDepth + 2 });
        reader.Read();
        var isBatch = reader.TokenType == JsonTokenType.StartArray;
        if (isBatch)
        {
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (entries.Count == maxBatch) throw new JsonRpcBatchException($"the batch has more than {maxBatch} requests; send several");
                entries.Add(ReadOne(ref reader, message));
            }

            if (entries.Count == 0) throw new JsonRpcBatchException("the batch is empty");
        }
        else
        {
            entries.Add(ReadOne(ref reader, message));
        }

        // Anything but white space after the value is an error of the reader's.
        while (reader.Read())
        {
        }

        return isBatch;
    }

    private static JsonRpcEntry ReadOne(ref Utf8JsonReader reader, ReadOnlyMemory<byte> message)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return new JsonRpcEntry(default, null, default, "a request is an object");
        }

        ReadOnlyMemory<byte> id = default, parameters = default;
        string? method = null, problem = null;
        var hasVersion = false;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            if (reader.ValueTextEquals("jsonrpc"u8))
            {
                reader.Read();
                hasVersion = reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("2.0"u8);
                reader.Skip();
            }
            else if (reader.ValueTextEquals("method"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.String) method = reader.GetString();
                else problem ??= "method is a string";
                reader.Skip();
            }
            else if (reader.ValueTextEquals("id"u8))
            {
                reader.Read();
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.Number or JsonTokenType.Null) id = Slice(ref reader, message);
                else problem ??= "id is a string, a number or null";
                reader.Skip();
            }
            else if (reader.ValueTextEquals("params"u8))
            {
                reader.Read();
                if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray) parameters = Slice(ref reader, message);
                else problem ??= "params is an object or an array";
                reader.Skip();
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        problem ??= !hasVersion ? "jsonrpc is \"2.0\"" : method is null ? "method is missing" : null;
        return new JsonRpcEntry(id, problem is null ? method : null, parameters, problem);
    }

    /// <summary>The text of the value the reader is on; afterwards it is on the value's last token.</summary>
    private static ReadOnlyMemory<byte> Slice(ref Utf8JsonReader reader, ReadOnlyMemory<byte> message)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return message[start..(int)reader.BytesConsumed];
    }
}

/// <summary>A batch that is refused as a whole.</summary>
internal sealed class JsonRpcBatchException(string problem) : Exception(problem);
