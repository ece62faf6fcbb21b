namespace Orleans.Core;

/// <summary>The storage of one state of one grain. Members are called from turns of the grain only.</summary>
public interface IStorage
{
    /// <summary>The version of the state as last read or written; null when there is none.</summary>
    string? Etag { get; }

    /// <summary>Whether the state exists in the storage.</summary>
    bool RecordExists { get; }

    /// <summary>Deletes the stored state.</summary>
    /// <exception cref="Orleans.Storage.InconsistentStateException">The stored version is not <see cref="Etag"/>.</exception>
    Task ClearStateAsync();

    /// <inheritdoc cref="ClearStateAsync()"/>
    Task ClearStateAsync(CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : ClearStateAsync();

    /// <summary>Stores the state.</summary>
    /// <exception cref="Orleans.Storage.InconsistentStateException">The stored version is not <see cref="Etag"/>.</exception>
    Task WriteStateAsync();

    /// <inheritdoc cref="WriteStateAsync()"/>
    Task WriteStateAsync(CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : WriteStateAsync();

    /// <summary>Replaces the state in memory by the stored one.</summary>
    Task ReadStateAsync();

    /// <inheritdoc cref="ReadStateAsync()"/>
    Task ReadStateAsync(CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : ReadStateAsync();
}

/// <summary>A stored state and its value in memory.</summary>
public interface IStorage<TState> : IStorage
{
    TState State { get; set; }
}
