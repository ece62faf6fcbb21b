using System.Diagnostics.CodeAnalysis;
using Orleans.Runtime;

namespace Orleans.Runtime
{
    /// <summary>A timer of one activation. Disposing it stops it; so does deactivation.</summary>
    public interface IGrainTimer : IDisposable
    {
        /// <summary>Starts over with other times.</summary>
        void Change(TimeSpan dueTime, TimeSpan period);
    }

    /// <summary>How a grain timer runs.</summary>
    public readonly struct GrainTimerCreationOptions : IEquatable<GrainTimerCreationOptions>
    {
        [SetsRequiredMembers]
        public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period)
        {
            DueTime = dueTime;
            Period = period;
        }

        /// <summary>Time to the first call. <see cref="TimeSpan.Zero"/> is at once, <see cref="Timeout.InfiniteTimeSpan"/> is never.</summary>
        public required TimeSpan DueTime { get; init; }

        /// <summary>Time from the end of one call to the next. <see cref="Timeout.InfiniteTimeSpan"/> calls once.</summary>
        public required TimeSpan Period { get; init; }

        /// <summary>Whether calls may run while another request of the grain waits. The default is not to.</summary>
        public bool Interleave { get; init; }

        /// <summary>Whether a call keeps the grain from idling out. The default is not to.</summary>
        public bool KeepAlive { get; init; }

        public bool Equals(GrainTimerCreationOptions other) =>
            DueTime == other.DueTime && Period == other.Period && Interleave == other.Interleave && KeepAlive == other.KeepAlive;

        public override bool Equals(object? obj) => obj is GrainTimerCreationOptions other && Equals(other);

        public override int GetHashCode() => HashCode.Combine(DueTime, Period, Interleave, KeepAlive);

        public static bool operator ==(GrainTimerCreationOptions left, GrainTimerCreationOptions right) => left.Equals(right);

        public static bool operator !=(GrainTimerCreationOptions left, GrainTimerCreationOptions right) => !left.Equals(right);
    }
}

namespace Orleans.Timers
{
    /// <summary>Makes timers whose calls run in turns of a grain.</summary>
    public interface ITimerRegistry
    {
        [Obsolete("Use 'RegisterGrainTimer(grainContext, callback, state, new() { DueTime = dueTime, Period = period, Interleave = true })' instead.")]
        IDisposable RegisterTimer(IGrainContext grainContext, Func<object?, Task> callback, object? state, TimeSpan dueTime, TimeSpan period);

        IGrainTimer RegisterGrainTimer<TState>(
            IGrainContext grainContext,
            Func<TState, CancellationToken, Task> callback,
            TState state,
            GrainTimerCreationOptions options);
    }
}
