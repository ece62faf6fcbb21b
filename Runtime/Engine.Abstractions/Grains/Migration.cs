using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>Something of an activation which moves with it to another silo. Grain classes may implement it.</summary>
public interface IGrainMigrationParticipant
{
    /// <summary>Called on the old silo after the last request: write what must not be lost.</summary>
    void OnDehydrate(IDehydrationContext dehydrationContext);

    /// <summary>Called on the new silo before activation: read it back.</summary>
    void OnRehydrate(IRehydrationContext rehydrationContext);
}

/// <summary>Collects what moves with an activation.</summary>
public interface IDehydrationContext
{
    IEnumerable<string> Keys { get; }

    void AddBytes(string key, ReadOnlySpan<byte> value);

    void AddBytes<T>(string key, Action<T, IBufferWriter<byte>> valueWriter, T value);

    /// <summary>False when values of this type cannot be serialized.</summary>
    bool TryAddValue<T>(string key, T? value);
}

/// <summary>Gives back what moved with an activation.</summary>
public interface IRehydrationContext
{
    IEnumerable<string> Keys { get; }

    /// <summary>The bytes are valid during the call only.</summary>
    bool TryGetBytes(string key, out ReadOnlySequence<byte> value);

    bool TryGetValue<T>(string key, [MaybeNull] out T? value);
}
