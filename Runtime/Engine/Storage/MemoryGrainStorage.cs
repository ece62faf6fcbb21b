using System.Collections.Concurrent;
using System.Globalization;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Granary.Engine.Storage;

/// <summary>
/// States in this process's memory, as bytes, so that what is stored is isolated from what grains do. Silos of one test cluster share the contents.
/// Every change is a compare-and-set of the version; versions are never used again. Thread-safe.
/// </summary>
internal sealed class MemoryGrainStorage(string name, MemoryGrainStorage.Contents contents) : IGrainStorage
{
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (contents.Find(stateName, grainId) is { } record)
        {
            grainState.State = StateCodec.Decode<T>(record.Bytes);
            grainState.ETag = record.ETag;
            grainState.RecordExists = true;
        }
        else
        {
            grainState.State = StateCodec.NewState<T>();
            grainState.ETag = null!;
            grainState.RecordExists = false;
        }

        return Task.CompletedTask;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        try
        {
            var written = contents.Replace(stateName, grainId, grainState.ETag, StateCodec.Encode(grainState.State))
                ?? throw Inconsistent(stateName, grainId, grainState.ETag);
            grainState.ETag = written.ETag;
            grainState.RecordExists = true;
            return Task.CompletedTask;
        }
        catch (Exception error)
        {
            return Task.FromException(error);
        }
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (!contents.Remove(stateName, grainId, grainState.ETag)) return Task.FromException(Inconsistent(stateName, grainId, grainState.ETag));
        grainState.State = StateCodec.NewState<T>();
        grainState.ETag = null!;
        grainState.RecordExists = false;
        return Task.CompletedTask;
    }

    private InconsistentStateException Inconsistent(string stateName, GrainId grainId, string? expected) => new(
        $"The state '{stateName}' of {grainId} in the storage '{name}' was changed by someone else.",
        contents.Find(stateName, grainId)?.ETag ?? "none",
        expected ?? "none");

    /// <summary>What is stored. Thread-safe.</summary>
    internal sealed class Contents
    {
        private readonly ConcurrentDictionary<(string State, GrainId Grain), Record> _records = new();
        private long _version;

        internal Record? Find(string stateName, GrainId grainId) => _records.GetValueOrDefault((stateName, grainId));

        /// <summary>Stores the bytes if the version is still the expected one (null: not stored); null when it is not.</summary>
        internal Record? Replace(string stateName, GrainId grainId, string? expected, byte[] bytes)
        {
            var record = new Record(bytes, Interlocked.Increment(ref _version).ToString(CultureInfo.InvariantCulture));
            var key = (stateName, grainId);
            if (expected is null) return _records.TryAdd(key, record) ? record : null;
            return _records.TryGetValue(key, out var current) && current.ETag == expected && _records.TryUpdate(key, record, current) ? record : null;
        }

        /// <summary>Removes the state if its version is still the expected one (null: not stored, which it must be).</summary>
        internal bool Remove(string stateName, GrainId grainId, string? expected)
        {
            var key = (stateName, grainId);
            if (!_records.TryGetValue(key, out var current)) return expected is null;
            return current.ETag == expected && _records.TryRemove(KeyValuePair.Create(key, current));
        }
    }

    /// <summary>A stored state. Compared by reference: two writes are never the same.</summary>
    internal sealed class Record(byte[] bytes, string etag)
    {
        internal byte[] Bytes { get; } = bytes;

        internal string ETag { get; } = etag;
    }
}
