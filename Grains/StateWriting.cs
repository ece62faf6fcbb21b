using Orleans.Runtime;

namespace Granary.Samples;

/// <summary>How the samples change their state: build the next value, store it, and keep it only if that worked.</summary>
internal static class StateWriting
{
    /// <summary>Stores <paramref name="next"/>. When that fails, the old value stays, so that the next call does not see what was never stored.</summary>
    public static async Task Replace<TState>(this IPersistentState<TState> state, TState next)
    {
        var before = state.State;
        state.State = next;
        try
        {
            await state.WriteStateAsync();
        }
        catch
        {
            state.State = before;
            throw;
        }
    }
}
