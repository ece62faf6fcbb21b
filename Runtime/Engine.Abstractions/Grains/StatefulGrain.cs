using Orleans.Core;

namespace Orleans;

/// <summary>
/// A grain with a state. The engine reads it before <see cref="Grain.OnActivateAsync"/>; the grain writes it when it chooses to. The storage is the
/// one <see cref="Providers.StorageProviderAttribute"/> names on the class, else the default one.
/// </summary>
public class Grain<TGrainState> : Grain, IStatefulGrain
{
    private IStorage<TGrainState>? _storage;

    protected Grain()
    {
    }

    /// <summary>For tests: the state is kept by <paramref name="storage"/>.</summary>
    protected Grain(IStorage<TGrainState> storage) => _storage = storage;

    /// <summary>The state. A new one replaces it in memory only, until <see cref="WriteStateAsync"/>.</summary>
    protected TGrainState State
    {
        get => Storage.State;
        set => Storage.State = value;
    }

    private IStorage<TGrainState> Storage =>
        _storage ?? throw new InvalidOperationException(
            $"The state of {GetType().Name} is not there yet. It is read before OnActivateAsync; do not use it in the constructor.");

    IStorage IStatefulGrain.AttachStorage() => _storage ??= Runtime.GetStorage<TGrainState>(GrainContext);

    /// <summary>Deletes the stored state and resets <see cref="State"/>.</summary>
    /// <exception cref="Orleans.Storage.InconsistentStateException">Someone else changed the stored state since it was read.</exception>
    protected virtual Task ClearStateAsync() => Storage.ClearStateAsync();

    /// <summary>Stores <see cref="State"/>.</summary>
    /// <exception cref="Orleans.Storage.InconsistentStateException">Someone else changed the stored state since it was read.</exception>
    protected virtual Task WriteStateAsync() => Storage.WriteStateAsync();

    /// <summary>Replaces <see cref="State"/> by what is stored.</summary>
    protected virtual Task ReadStateAsync() => Storage.ReadStateAsync();
}

/// <summary>
/// How the engine gives a <see cref="Grain{TGrainState}"/> its state, without reflection: attach once after construction, then either restore a
/// migrated state or read the stored one through the returned storage, then activate.
/// </summary>
internal interface IStatefulGrain
{
    /// <summary>Makes the storage bridge, or returns the one given to the constructor. Reads nothing.</summary>
    IStorage AttachStorage();
}
