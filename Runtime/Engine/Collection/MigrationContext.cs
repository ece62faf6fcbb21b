using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Granary.Engine.Storage;
using Orleans.Runtime;

namespace Granary.Engine.Collection;

/// <summary>What an activation carries to another silo, by key.</summary>
internal sealed class MigrationContext(Dictionary<string, byte[]> values) : IDehydrationContext, IRehydrationContext
{
    internal Dictionary<string, byte[]> Values { get; } = values;

    public IEnumerable<string> Keys => Values.Keys;

    public void AddBytes(string key, ReadOnlySpan<byte> value) => Values[key] = value.ToArray();

    public void AddBytes<T>(string key, Action<T, IBufferWriter<byte>> valueWriter, T value)
    {
        ArgumentNullException.ThrowIfNull(valueWriter);
        var buffer = new ArrayBufferWriter<byte>();
        valueWriter(value, buffer);
        Values[key] = buffer.WrittenSpan.ToArray();
    }

    public bool TryAddValue<T>(string key, T? value)
    {
        if (value is null || !StateCodec.CanStore<T>()) return false;
        Values[key] = StateCodec.Encode(value);
        return true;
    }

    public bool TryGetBytes(string key, out ReadOnlySequence<byte> value)
    {
        var found = Values.TryGetValue(key, out var bytes);
        value = found ? new ReadOnlySequence<byte>(bytes!) : default;
        return found;
    }

    public bool TryGetValue<T>(string key, [MaybeNull] out T? value)
    {
        if (Values.TryGetValue(key, out var bytes) && StateCodec.CanStore<T>())
        {
            value = StateCodec.Decode<T>(bytes);
            return true;
        }

        value = default;
        return false;
    }
}
