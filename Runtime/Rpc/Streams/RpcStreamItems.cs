using System.Text.Json;
using Granary.Codec;
using Granary.Rpc.Catalog;

namespace Granary.Rpc;

/// <summary>The items of a streamed argument as they come in from outside: what a generated <see cref="RpcRequest"/> answers as its <see cref="RpcRequest.Items"/>.</summary>
/// <typeparam name="T">The item's type.</typeparam>
/// <param name="number">The number of the field <c>item</c> in the request message.</param>
public sealed class RpcStreamItems<T>(int number) : RpcRequestItems
{
    private readonly RpcStreamWriter<T> _writer = new();

    /// <summary>The argument to pass to the grain.</summary>
    public RpcStream<T> Stream => _writer.Stream;

    /// <inheritdoc/>
    public override ValueTask<bool> WaitForSpaceAsync(CancellationToken cancellation) => _writer.WaitForSpaceAsync(cancellation);

    /// <inheritdoc/>
    public override void AddJson(ref Utf8JsonReader reader)
    {
        var path = default(JsonPath);
        _writer.Add(RpcItemCodec<T>.Instance.ReadJson(ref reader, ref path));
    }

    /// <inheritdoc/>
    public override void Add(ref WireReader reader) => _writer.Add(RpcItemCodec<T>.Instance.Read(ref reader));

    /// <inheritdoc/>
    public override bool TryAdd(ref WireReader reader)
    {
        var codec = RpcItemCodec<T>.Instance;
        var tag = ((uint)number << 3) | codec.WireType;
        var isThere = false;
        T? item = default;
        while (reader.ReadTag() is var found and not 0)
        {
            if (found == tag)
            {
                item = codec.ReadField(ref reader);
                isThere = true;
            }
            else
            {
                reader.Skip(found);
            }
        }

        if (isThere) _writer.Add(item!);
        return isThere;
    }

    /// <inheritdoc/>
    public override bool TryAddJson(ref Utf8JsonReader reader)
    {
        var path = new JsonPath(JsonFormat.LongsAsStrings);
        if (reader.TokenType == JsonTokenType.None) reader.Read();
        JsonValue.ExpectObject(ref reader, ref path);
        var (isSeen, isThere) = (false, false);
        T? item = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!JsonValue.NameEquals(ref reader, "item"u8))
            {
                reader.Skip();
                continue;
            }

            if (isSeen) throw JsonValue.DuplicateField(ref path, "item");
            isSeen = true;
            reader.Read();
            if (JsonValue.IsNull(ref reader)) continue;
            path.Push("item");
            item = RpcItemCodec<T>.Instance.IsWrapped ? ReadWrapped(ref reader, ref path) : RpcItemCodec<T>.Instance.ReadJson(ref reader, ref path);
            path.Pop();
            isThere = true;
        }

        if (isThere) _writer.Add(item!);
        return isThere;
    }

    /// <inheritdoc/>
    public override void Complete(Exception? error = null) => _writer.Complete(error);

    /// <summary>Reads <c>{"value": ..}</c>, whose value is empty when it is absent.</summary>
    private static T ReadWrapped(ref Utf8JsonReader reader, ref JsonPath path)
    {
        JsonValue.ExpectObject(ref reader, ref path);
        var none = new WireReader(default);
        var value = RpcItemCodec<T>.Instance.Read(ref none);
        var isSeen = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!JsonValue.NameEquals(ref reader, "value"u8))
            {
                reader.Skip();
                continue;
            }

            if (isSeen) throw JsonValue.DuplicateField(ref path, "value");
            isSeen = true;
            reader.Read();
            if (JsonValue.IsNull(ref reader)) continue;
            path.Push("value");
            value = RpcItemCodec<T>.Instance.ReadJson(ref reader, ref path);
            path.Pop();
        }

        return value;
    }
}
