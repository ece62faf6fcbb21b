using Granary.Engine.Activations;
using Granary.Rpc.Cluster;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Granary.Engine.Storage;

/// <summary>A state that reads itself when its activation begins.</summary>
internal interface IActivationState
{
    /// <summary>What it is now, for those who run the silo. On the grain's turn.</summary>
    StoredState Describe();
}

/// <summary>
/// One state of one activation: its value in memory and its place in a storage. Used on the grain's turns only. It moves with the activation when that migrates.
/// </summary>
internal sealed class PersistentState<TState> : IPersistentState<TState>, IActivationState, IGrainState<TState>, ILifecycleObserver, IGrainMigrationParticipant
{
    private readonly string _name;
    private readonly IGrainContext _context;
    private readonly IGrainStorage _storage;
    private bool _hasMoved;
    private TState _state;

    internal PersistentState(string name, IGrainContext context, IGrainStorage storage)
    {
        StateCodec.Require<TState>(name);
        _name = name;
        _context = context;
        _storage = storage;
        _state = StateCodec.NewState<TState>();
        var lifecycle = context.ObservableLifecycle;
        lifecycle.Subscribe(name, GrainLifecycleStage.SetupState, this);
        lifecycle.AddMigrationParticipant(this);
    }

    public TState State
    {
        get => _state;
        set => _state = value;
    }

    public string? Etag { get; private set; }

    public bool RecordExists { get; private set; }

    string IGrainState<TState>.ETag
    {
        get => Etag!;
        set => Etag = value;
    }

    bool IGrainState<TState>.RecordExists
    {
        get => RecordExists;
        set => RecordExists = value;
    }

    public StoredState Describe() => new(_name, _storage.GetType().Name, StateCodec.Encode(_state).LongLength, Etag);

    private string MigrationKey => $"state/{_name}";

    public Task OnStart(CancellationToken cancellationToken) => _hasMoved ? Task.CompletedTask : ReadStateAsync(cancellationToken);

    public Task OnStop(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ReadStateAsync() => ReadStateAsync(CancellationToken.None);

    public Task ReadStateAsync(CancellationToken cancellationToken) => StorageMetrics.Read.Measure(() => _storage.ReadStateAsync(_name, _context.GrainId, this, cancellationToken), _storage.GetType().Name, _name);

    public Task WriteStateAsync() => WriteStateAsync(CancellationToken.None);

    public async Task WriteStateAsync(CancellationToken cancellationToken)
    {
        try
        {
            await StorageMetrics.Write.Measure(() => _storage.WriteStateAsync(_name, _context.GrainId, this, cancellationToken), _storage.GetType().Name, _name);
        }
        catch (InconsistentStateException)
        {
            OnInconsistent();
            throw;
        }
    }

    public Task ClearStateAsync() => ClearStateAsync(CancellationToken.None);

    public async Task ClearStateAsync(CancellationToken cancellationToken)
    {
        try
        {
            await StorageMetrics.Clear.Measure(() => _storage.ClearStateAsync(_name, _context.GrainId, this, cancellationToken), _storage.GetType().Name, _name);
        }
        catch (InconsistentStateException)
        {
            OnInconsistent();
            throw;
        }
    }

    public void OnDehydrate(IDehydrationContext dehydrationContext)
    {
        dehydrationContext.TryAddValue(MigrationKey, _state);
        dehydrationContext.TryAddValue($"{MigrationKey}/exists", RecordExists);
        if (Etag is not null) dehydrationContext.TryAddValue($"{MigrationKey}/etag", Etag);
    }

    public void OnRehydrate(IRehydrationContext rehydrationContext)
    {
        if (!rehydrationContext.TryGetValue<TState>(MigrationKey, out var state)) return;
        _state = state!;
        RecordExists = rehydrationContext.TryGetValue<bool>($"{MigrationKey}/exists", out var exists) && exists;
        Etag = rehydrationContext.TryGetValue<string>($"{MigrationKey}/etag", out var etag) ? etag : null;
        _hasMoved = true;
    }

    /// <exception cref="SiloUnavailableException">The silo does not hold its lease: another one may have the grain by now.</exception>
    private void Guard() => (_context as Activation)?.Silo.Fence.Guard();

    /// <summary>What is in memory is not what is stored: unless the grain handles the error, it must begin anew.</summary>
    private void OnInconsistent()
    {
        if (_context is Activation activation) activation.Extras.HasStaleState = true;
    }
}
