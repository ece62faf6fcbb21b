using Orleans.Runtime;

namespace Granary.Engine.Transport;

/// <summary>
/// Grain ids that a connection has seen lately, so that the key of a grain that is called again need not be allocated anew and finds its activation by reference. Direct-mapped; for the one who reads.
/// </summary>
internal sealed class GrainIdCache
{
    private const int Size = 1024;

    /// <summary>Longer keys are made anew each time: what is kept is bounded.</summary>
    private const int MaxKept = 256;

    private GrainId[]? _targets;
    private GrainId[]? _sources;

    /// <summary>The id of a called grain, whose type the connection knows.</summary>
    internal GrainId Target(GrainType type, ReadOnlySpan<byte> key)
    {
        var hash = Orleans.StableHash.ComputeHash(key);
        if (key.Length > MaxKept) return GrainId.Create(type, IdSpan.UnsafeCreate(key.ToArray(), (int)hash));
        ref var known = ref Slot(ref _targets, hash, type.GetUniformHashCode());
        if (known.Key.GetUniformHashCode() != hash || !known.Type.Equals(type) || !known.Key.AsSpan().SequenceEqual(key))
        {
            known = GrainId.Create(type, IdSpan.UnsafeCreate(key.ToArray(), (int)hash));
        }

        return known;
    }

    /// <summary>The id of a calling grain.</summary>
    internal GrainId Source(ReadOnlySpan<byte> type, ReadOnlySpan<byte> key)
    {
        var hash = Orleans.StableHash.ComputeHash(key);
        if (key.Length + type.Length > MaxKept) return GrainId.Create(new GrainType(type.ToArray()), IdSpan.UnsafeCreate(key.ToArray(), (int)hash));
        ref var known = ref Slot(ref _sources, hash, (uint)type.Length);
        if (known.Key.GetUniformHashCode() != hash || !known.Type.AsSpan().SequenceEqual(type) || !known.Key.AsSpan().SequenceEqual(key))
        {
            known = GrainId.Create(new GrainType(type.ToArray()), IdSpan.UnsafeCreate(key.ToArray(), (int)hash));
        }

        return known;
    }

    private static ref GrainId Slot(ref GrainId[]? ids, uint key, uint type) => ref (ids ??= new GrainId[Size])[((key * 31) ^ type) & (Size - 1)];
}
