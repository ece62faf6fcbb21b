using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Granary.Codec;

/// <summary>
/// How a type is written and read as a protobuf message and as JSON, and how it is deep-copied. Generated for every <c>[GenerateSerializer]</c> type.
/// Implementations are stateless and thread-safe.
/// </summary>
/// <typeparam name="T">The message type.</typeparam>
public abstract class MessageCodec<T>
{
    private static MessageCodec<T>? s_instance;

    /// <summary>The generated codec of <typeparamref name="T"/>.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static MessageCodec<T> Instance => s_instance ?? Find();

    /// <summary>Whether there is a codec for <typeparamref name="T"/>.</summary>
    public static bool Exists
    {
        get
        {
            if (s_instance is null) RuntimeHelpers.RunModuleConstructor(typeof(T).Module.ModuleHandle);
            return s_instance is not null;
        }
    }

    /// <summary>The schema of the message, from which <c>.proto</c> and OpenAPI are printed.</summary>
    public abstract Schema.MessageSchema Schema { get; }

    /// <summary>Writes the fields of <paramref name="value"/>, without a length in front.</summary>
    public abstract void Write(ref WireWriter writer, T value);

    /// <summary>Reads fields until the reader's current message ends.</summary>
    /// <exception cref="WireFormatException">The bytes are no such message.</exception>
    public abstract T Read(ref WireReader reader);

    /// <summary>What a message without any field reads as: the value of an absent one.</summary>
    public T ReadEmpty()
    {
        var reader = new WireReader(default);
        return Read(ref reader);
    }

    /// <summary>Writes one JSON value.</summary>
    public abstract void WriteJson(Utf8JsonWriter writer, T value, JsonFormat format);

    /// <summary>Reads one JSON value; the reader stands on its first token, and on its last one afterwards.</summary>
    /// <exception cref="JsonFieldException">A field is missing, unknown or mistyped; it names the path.</exception>
    public abstract T ReadJson(ref Utf8JsonReader reader, ref JsonPath path);

    /// <summary>A copy that shares no mutable object with <paramref name="value"/>.</summary>
    public abstract T Copy(T value);

    /// <summary>Called by generated module initializers.</summary>
    public static void Register(MessageCodec<T> codec) => s_instance = codec;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MessageCodec<T> Find() => Exists
        ? s_instance!
        : throw new InvalidOperationException(
            $"{typeof(T)} has no codec. Mark it [GenerateSerializer] and let its project set <EngineRole>contracts</EngineRole> so that the generator runs.");
}
