using System.Runtime.CompilerServices;
using System.Text.Json;
using Granary.Codec;

namespace Granary.Rpc;

/// <summary>
/// How one item of a stream is written, read and copied. The item's protobuf message is <typeparamref name="T"/> itself where that is a message, otherwise
/// one with the field <c>value = 1</c>. Messages and scalars need nothing registered; for anything else generated code registers one. Stateless and thread-safe.
/// </summary>
/// <typeparam name="T">The item's type.</typeparam>
public abstract class RpcItemCodec<T>
{
    private static RpcItemCodec<T>? s_instance;

    /// <summary>The codec of <typeparamref name="T"/>.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static RpcItemCodec<T> Instance => s_instance ?? Find();

    /// <summary>Writes the item's message, without a length in front.</summary>
    public abstract void Write(ref WireWriter writer, T value);

    /// <summary>Reads the item's message until the reader's current message ends.</summary>
    /// <exception cref="WireFormatException">The bytes are no such message.</exception>
    public abstract T Read(ref WireReader reader);

    /// <summary>The protobuf wire type of the item as a field of a request message: a scalar or an enum is itself, anything else is its message.</summary>
    public virtual uint WireType => 2;

    /// <summary>Whether the message in a request is <c>{ value = 1 }</c> because the item has no presence of its own: lists, maps and what may be null.</summary>
    public virtual bool IsWrapped => false;

    /// <summary>Writes the item as a field of a request message, also when it is the default: an item has presence.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="number">The field's number.</param>
    /// <param name="value">The item.</param>
    public virtual void WriteField(ref WireWriter writer, int number, T value)
    {
        var start = writer.BeginMessage(((uint)number << 3) | WireType);
        Write(ref writer, value);
        writer.EndMessage(start);
    }

    /// <summary>Reads the item as a field of a request message, after its tag.</summary>
    /// <exception cref="WireFormatException">The bytes are no such field.</exception>
    public virtual T ReadField(ref WireReader reader)
    {
        var token = reader.EnterMessage();
        var value = Read(ref reader);
        reader.ExitMessage(token);
        return value;
    }

    /// <summary>A copy that shares no mutable object with <paramref name="value"/>; the value itself where nothing in it can change.</summary>
    public virtual T Copy(T value) => value;

    /// <summary>Writes the item as one JSON value.</summary>
    public abstract void WriteJson(Utf8JsonWriter writer, T value, JsonFormat format);

    /// <summary>Reads the item from one JSON value.</summary>
    /// <exception cref="JsonFieldException">The value does not fit.</exception>
    public abstract T ReadJson(ref Utf8JsonReader reader, ref JsonPath path);

    /// <summary>Called by generated module initializers. All codecs of a type are alike, so the last one may win.</summary>
    public static void Register(RpcItemCodec<T> codec) => s_instance = codec;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static RpcItemCodec<T> Find()
    {
        RuntimeHelpers.RunModuleConstructor(typeof(T).Module.ModuleHandle);
        return s_instance ??= ScalarItemCodec.For<T>()
            ?? (MessageCodec<T>.Exists
                ? new MessageItemCodec<T>()
                : throw new InvalidOperationException(
                    $"{typeof(T)} cannot be streamed: it has no codec. Use it in an RpcStream<{typeof(T).Name}> parameter of a grain interface, or mark it [GenerateSerializer], in a project that sets <EngineRole>contracts</EngineRole>."));
    }
}

/// <summary>Items that are messages.</summary>
internal sealed class MessageItemCodec<T> : RpcItemCodec<T>
{
    private readonly MessageCodec<T> _codec = MessageCodec<T>.Instance;

    public override void Write(ref WireWriter writer, T value) => _codec.Write(ref writer, value);

    public override T Read(ref WireReader reader) => _codec.Read(ref reader);

    public override T Copy(T value) => _codec.Copy(value);

    public override void WriteJson(Utf8JsonWriter writer, T value, JsonFormat format) => _codec.WriteJson(writer, value, format);

    public override T ReadJson(ref Utf8JsonReader reader, ref JsonPath path) => _codec.ReadJson(ref reader, ref path);
}
