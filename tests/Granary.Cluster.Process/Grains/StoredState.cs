namespace Granary.Cluster.Grains;

/// <summary>
/// A grain's state, never believed after a write that failed: whether that write was made is not known then, so the state is read again before it is used.
/// </summary>
internal sealed class StoredState<T>(IPersistentState<T> stored)
{
    private bool _isDoubtful;

    public async ValueTask<T> ReadAsync()
    {
        if (_isDoubtful)
        {
            await stored.ReadStateAsync();
            _isDoubtful = false;
        }

        return stored.State;
    }

    public async Task WriteAsync(T state)
    {
        _isDoubtful = true;
        stored.State = state;
        await stored.WriteStateAsync();
        _isDoubtful = false;
    }
}
