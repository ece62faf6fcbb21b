using System.Text.Json;
using Granary.Codec;
using Orleans;

namespace Granary.Rpc.Catalog;

/// <summary>
/// One call as the gateway holds it: typed arguments, the grain call, and the typed result or stream. Generated for each method; used once, by one call.
/// The order of use: read the arguments, set the key (unless the arguments held it), <see cref="InvokeAsync"/>, write the result.
/// Not thread-safe, but for <see cref="Items"/>, which one producer may fill while the call runs.
/// </summary>
public abstract class RpcRequest
{
    /// <summary>The method this calls.</summary>
    public abstract RpcMethod Method { get; }

    /// <summary>The grain's key as text, once it is known; for telemetry and rules.</summary>
    public abstract string? KeyText { get; }

    /// <summary>Sets the grain's key from its text form (<see cref="RpcKeyKind"/>).</summary>
    /// <returns>False when the text is no such key.</returns>
    public abstract bool TrySetKey(string text);

    /// <summary>Sets one scalar argument from a path or query value.</summary>
    /// <exception cref="JsonFieldException">There is no such argument, it is no scalar, or the text does not fit; it names the argument.</exception>
    public abstract void SetArgument(string name, string text);

    /// <summary>
    /// Reads the arguments by name from a JSON object; the reader stands before the first token and, afterwards, on the last one.
    /// Names match exactly (camelCase, as in the C# signature). Absent optional parameters take their default values.
    /// </summary>
    /// <param name="reader">The JSON text.</param>
    /// <param name="keyInBody">
    /// Whether the object is the request message, which also holds <c>key</c> (JSON-RPC, Connect), or the address does (HTTP).
    /// The <c>item</c> that a client stream's first message may hold is left to <see cref="RpcRequestItems.TryAddJson"/>.
    /// </param>
    /// <param name="format">The rules of reading: those of people, or those of proto3, for Connect.</param>
    /// <exception cref="JsonFieldException">An argument is missing, unknown, given twice or mistyped; it names the path.</exception>
    /// <exception cref="JsonException">The text is no JSON, or too deep.</exception>
    public abstract void ReadJson(ref Utf8JsonReader reader, bool keyInBody, JsonFormat format = JsonFormat.Web);

    /// <summary>Checks that every argument without a default is there, for calls whose arguments all come from path and query.</summary>
    /// <exception cref="JsonFieldException">One is missing.</exception>
    public abstract void CheckArguments();

    /// <summary>Reads the request message, key and arguments, from protobuf. The item that a client stream's first message may carry is left to <see cref="RpcRequestItems.TryAdd"/>.</summary>
    /// <exception cref="WireFormatException">The bytes are no such message.</exception>
    public abstract void Read(ref WireReader reader);

    /// <summary>The C# method to which an engine may send the request message as it is, since its own messages are the same; null where there is none, or they are not.</summary>
    public virtual string? PassThroughMethod => null;

    /// <summary>The request message as it came, for <see cref="IRpcPassThrough"/>: only the key has been read from it. Null when the arguments were read.</summary>
    public byte[]? Message { get; private set; }

    /// <summary>The reply message that <see cref="IRpcPassThrough"/> brought back; only if <see cref="Message"/> is set, and instead of a result.</summary>
    public ReadOnlyMemory<byte> Reply { get; set; }

    /// <summary>Takes the request message as it is and reads nothing but the key. Only where there is a <see cref="PassThroughMethod"/>.</summary>
    /// <exception cref="WireFormatException">The bytes are no such message, as far as they were looked at.</exception>
    public void TakeMessage(ReadOnlySpan<byte> message)
    {
        var reader = new WireReader(message);
        ReadOnlyKey(ref reader);
        Message = message.ToArray();
    }

    /// <summary>The grain that is called. Only where there is a <see cref="PassThroughMethod"/>.</summary>
    public virtual Orleans.Runtime.IAddressable GetGrain(IGrainFactory grains) => throw new InvalidOperationException($"{Method} cannot be called with an undecoded message.");

    /// <summary>Reads the key of a request message and passes over the rest.</summary>
    private protected virtual void ReadOnlyKey(ref WireReader reader) => throw new InvalidOperationException($"{Method} cannot be called with an undecoded message.");

    /// <summary>A second request with the same key and arguments, for another attempt at the same time; before the first is made. Only for methods that are called and answered once.</summary>
    public RpcRequest Again() => (RpcRequest)MemberwiseClone();

    /// <summary>Writes the arguments, without the key unless it is one of them, as the request message holds them: the same bytes when the same arguments come again, by whatever protocol. Only for methods that are called and answered once.</summary>
    public virtual void WriteArguments(ref WireWriter writer) => throw new InvalidOperationException($"{Method} is a stream or has no answer; its arguments cannot be written.");

    /// <summary>Takes the result from a reply message instead of from the grain. Only for methods that are called and answered once.</summary>
    /// <exception cref="WireFormatException">The bytes are no such message.</exception>
    public virtual void ReadResult(ref WireReader reader)
    {
        if (HasResult) throw new InvalidOperationException($"{Method} is a stream; its result cannot be read.");
    }

    /// <summary>
    /// Calls the grain. Completes when a unary or client-streaming call has its result; for the others, at once: the items are then read by <see cref="MoveNextAsync"/>.
    /// The ambient <see cref="Orleans.Runtime.RequestContext"/> and <see cref="RpcDeadline"/> go along.
    /// </summary>
    public abstract ValueTask InvokeAsync(IGrainFactory grains, CancellationToken cancellation);

    /// <summary>Waits for the next item of a stream, which the write methods then write. False at the end.</summary>
    public virtual ValueTask<bool> MoveNextAsync() => throw new InvalidOperationException($"{Method} answers once; it has no stream of results.");

    /// <summary>Ends a result stream early or after its end; the grain's enumerator is disposed.</summary>
    public virtual ValueTask DisposeAsync() => default;

    /// <summary>Whether there is a result to write (false for methods without one).</summary>
    public abstract bool HasResult { get; }

    /// <summary>Writes the result, or the stream's current item, as one JSON value (not wrapped in a reply message).</summary>
    public abstract void WriteResultJson(Utf8JsonWriter writer, JsonFormat format);

    /// <summary>Writes the reply message of the result, or of the stream's current item, in protobuf.</summary>
    public abstract void WriteResult(ref WireWriter writer);

    /// <summary>Writes the reply message of the result, or of the stream's current item, as JSON: the result's own object, <c>{"result": ..}</c> around anything else, <c>{}</c> for none.</summary>
    public void WriteReplyJson(Utf8JsonWriter writer, JsonFormat format)
    {
        var isWrapped = Method.Result is not { Kind: Schema.SchemaKind.Message, Label: Schema.SchemaLabel.Single };
        if (isWrapped) writer.WriteStartObject();
        if (isWrapped && HasResult) writer.WritePropertyName("result"u8);
        if (HasResult) WriteResultJson(writer, format);
        if (isWrapped) writer.WriteEndObject();
    }

    /// <summary>Where the items of a client stream are put; null for other methods.</summary>
    public virtual RpcRequestItems? Items => null;
}

/// <summary>The caller's half of a client stream. One producer; waiting for space is the back-pressure.</summary>
public abstract class RpcRequestItems
{
    /// <summary>Waits until the grain has taken enough that one more item fits. False when the call has ended and no item is wanted any more.</summary>
    public abstract ValueTask<bool> WaitForSpaceAsync(CancellationToken cancellation);

    /// <summary>Adds the item read from one JSON value.</summary>
    /// <exception cref="JsonFieldException">The value does not fit.</exception>
    public abstract void AddJson(ref Utf8JsonReader reader);

    /// <summary>Adds the item read from its protobuf message.</summary>
    /// <exception cref="WireFormatException">The bytes are no such message.</exception>
    public abstract void Add(ref WireReader reader);

    /// <summary>Adds the item that a message of the caller's stream carries (<see cref="RpcMethod.Request"/>); its key and arguments are skipped.</summary>
    /// <param name="reader">Stands at the start of the message, and at its end afterwards.</param>
    /// <returns>False when the message has no item: only the first one may have none.</returns>
    /// <exception cref="WireFormatException">The bytes are no such message.</exception>
    public abstract bool TryAdd(ref WireReader reader);

    /// <summary>Adds the item that a message of the caller's stream carries, in the JSON form of proto3; everything else in it is skipped.</summary>
    /// <param name="reader">Stands before or on the message's first token, and on its last one afterwards.</param>
    /// <returns>False when the message has no item, or null: only the first one may have none.</returns>
    /// <exception cref="JsonFieldException">It is no object, or the item does not fit.</exception>
    /// <exception cref="JsonException">The text is no JSON, or too deep.</exception>
    public abstract bool TryAddJson(ref Utf8JsonReader reader);

    /// <summary>No more items; with an error, the grain's read throws it.</summary>
    public abstract void Complete(Exception? error = null);
}
