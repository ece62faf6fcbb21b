using Orleans;
using Orleans.Concurrency;

namespace Granary.Engine.Reminders;

/// <summary>Tells the silo that runs a grain's reminders that one of them has changed.</summary>
[Alias("granary.sys.reminders")]
internal interface IReminderOwner : IGrainWithStringKey
{
    /// <summary>A reminder was written or removed.</summary>
    /// <param name="grain">The grain's id as text.</param>
    /// <param name="name">The reminder.</param>
    [AlwaysInterleave]
    Task Changed(string grain, string name);
}

/// <summary>One in each silo.</summary>
[GrainType(TypeName)]
internal sealed class ReminderOwner(ReminderService reminders) : Grain, IReminderOwner
{
    internal const string TypeName = "sys.reminders";

    public Task Changed(string grain, string name) => reminders.RefreshAsync(Orleans.Runtime.GrainId.Parse(grain), name);
}
