using System.Text.Json;
using Granary.Rpc;

namespace Granary.Gateway.JsonRpc;

/// <summary>What a caller's <c>rpc.</c> method does.</summary>
internal enum JsonRpcControlKind
{
    /// <summary><c>rpc.send</c>: an item of the caller's stream.</summary>
    Send,

    /// <summary><c>rpc.end</c>: the caller's stream ends.</summary>
    End,

    /// <summary><c>rpc.cancel</c>: the call ends.</summary>
    Cancel,
}

/// <summary>A request about a stream: by name <c>subscription</c> and <c>item</c>, or in that order by position.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Subscription">The stream's number.</param>
/// <param name="Item">The item's JSON text, within the message's bytes.</param>
internal readonly record struct JsonRpcControl(JsonRpcControlKind Kind, long Subscription, ReadOnlyMemory<byte> Item)
{
    /// <summary>What a method does; null when it is none of these.</summary>
    public static JsonRpcControlKind? KindOf(string? method) => method switch
    {
        "rpc.send" => JsonRpcControlKind.Send,
        "rpc.end" => JsonRpcControlKind.End,
        "rpc.cancel" => JsonRpcControlKind.Cancel,
        _ => null,
    };

    /// <exception cref="RpcException">The params are not the method's.</exception>
    public static JsonRpcControl Read(JsonRpcControlKind kind, JsonRpcEntry entry, int maxDepth)
    {
        var found = ReadParams(entry.Params, maxDepth);
        if (found.Subscription is not { } subscription) throw RpcException.Invalid("subscription", "missing; the number that the request of the stream was answered with is expected");
        if (found.Item.IsEmpty == (kind == JsonRpcControlKind.Send)) throw RpcException.Invalid("item", found.Item.IsEmpty ? "missing" : $"{entry.Method} has none");
        return new JsonRpcControl(kind, subscription, found.Item);
    }

    private static (long? Subscription, ReadOnlyMemory<byte> Item) ReadParams(ReadOnlyMemory<byte> parameters, int maxDepth)
    {
        if (parameters.IsEmpty) return default;
        long? subscription = null;
        ReadOnlyMemory<byte> item = default;

        // The message was read before: it is JSON, and no deeper than this.
        var reader = new Utf8JsonReader(parameters.Span, new JsonReaderOptions { MaxDepth = maxDepth + 2 });
        reader.Read();
        var byName = reader.TokenType == JsonTokenType.StartObject;
        for (var i = 0; reader.Read() && reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray); i++)
        {
            var isSubscription = byName ? reader.ValueTextEquals("subscription"u8) : i == 0;
            var isItem = byName ? reader.ValueTextEquals("item"u8) : i == 1;
            if (!isSubscription && !isItem) throw new RpcException(StatusCode.InvalidArgument, "params are subscription and, for rpc.send, item");
            if (byName) reader.Read();
            if (isSubscription)
            {
                subscription = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number) ? number : throw RpcException.Invalid("subscription", "not a whole number");
                continue;
            }

            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            item = parameters[start..(int)reader.BytesConsumed];
        }

        return (subscription, item);
    }
}
