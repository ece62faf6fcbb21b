using Orleans.Runtime;

namespace Orleans
{
    /// <summary>A state with its version, as storage providers see it.</summary>
    public interface IGrainState<T>
    {
        T State { get; set; }

        /// <summary>The version last read or written; null when there is none.</summary>
        string ETag { get; set; }

        /// <summary>Whether the state exists in the storage.</summary>
        bool RecordExists { get; set; }
    }

    /// <summary>A plain <see cref="IGrainState{T}"/>.</summary>
    [GenerateSerializer]
    public sealed class GrainState<T> : IGrainState<T>
    {
        public GrainState()
            : this(default!, null!)
        {
        }

        public GrainState(T state)
            : this(state, null!)
        {
        }

        public GrainState(T state, string eTag)
        {
            State = state;
            ETag = eTag;
        }

        [Id(0)]
        public T State { get; set; }

        [Id(1)]
        public string ETag { get; set; }

        [Id(2)]
        public bool RecordExists { get; set; }
    }
}

namespace Orleans.Storage
{
    /// <summary>A storage provider: keeps the states of grains, each under a state name and a grain id. Thread-safe.</summary>
    public interface IGrainStorage
    {
        /// <summary>Fills <paramref name="grainState"/>; what is not stored gets a new state and a null version.</summary>
        Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        /// <inheritdoc cref="ReadStateAsync{T}(string, GrainId, IGrainState{T})"/>
        Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken) =>
            cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : ReadStateAsync(stateName, grainId, grainState);

        /// <summary>Stores <paramref name="grainState"/> if its version is the stored one, and gives it the new version.</summary>
        /// <exception cref="InconsistentStateException">The version is another.</exception>
        Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        /// <inheritdoc cref="WriteStateAsync{T}(string, GrainId, IGrainState{T})"/>
        Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken) =>
            cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : WriteStateAsync(stateName, grainId, grainState);

        /// <summary>Deletes the state if its version is the stored one.</summary>
        /// <exception cref="InconsistentStateException">The version is another.</exception>
        Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        /// <inheritdoc cref="ClearStateAsync{T}(string, GrainId, IGrainState{T})"/>
        Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken) =>
            cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : ClearStateAsync(stateName, grainId, grainState);
    }
}
