using Granary.Engine.Activations;
using Orleans.Runtime;
using Orleans.Timers;

namespace Granary.Engine.Timers;

/// <summary>Makes the timers of grains.</summary>
internal sealed class TimerRegistry(TimeProvider time) : ITimerRegistry
{
    [Obsolete("Use 'RegisterGrainTimer(grainContext, callback, state, new() { DueTime = dueTime, Period = period, Interleave = true })' instead.")]
    public IDisposable RegisterTimer(IGrainContext grainContext, Func<object?, Task> callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        return RegisterGrainTimer(grainContext, (s, _) => callback(s), state, new GrainTimerCreationOptions(dueTime, period) { Interleave = true });
    }

    public IGrainTimer RegisterGrainTimer<TState>(IGrainContext grainContext, Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options)
    {
        ArgumentNullException.ThrowIfNull(callback);
        if (grainContext is not Activation activation) throw new ArgumentException($"{grainContext?.GetType()} is no activation of this silo.", nameof(grainContext));
        var timer = new GrainTimer(activation, token => callback(state, token), options, time);
        timer.Begin();
        return timer;
    }
}
