using Granary.Calls;
using Granary.Codec;
using Orleans.Runtime;

namespace Granary.Engine.Timers;

/// <summary>One tick of a timer, as a call that nobody waits for. There is one object for each timer, in use while the tick waits or runs.</summary>
internal sealed class TimerTick(GrainTimer timer, CallMethod method) : VoidCall
{
    private static readonly CallMethod[] s_methods =
    [
        Create("Tick", 1, CallFlags.Engine | CallFlags.Background),
        Create("InterleavingTick", 2, CallFlags.Engine | CallFlags.Background | CallFlags.AlwaysInterleave),
        Create("KeepingTick", 3, CallFlags.Engine),
        Create("InterleavingKeepingTick", 4, CallFlags.Engine | CallFlags.AlwaysInterleave),
    ];

    static TimerTick() => _ = new CallInterface(typeof(IGrainTimer), "Orleans.Runtime.IGrainTimer", 0, _ => throw new NotSupportedException("A timer is called by its silo only."), s_methods);

    public override CallMethod Method { get; } = method;

    internal static CallMethod MethodOf(GrainTimerCreationOptions options) => s_methods[(options.Interleave ? 1 : 0) + (options.KeepAlive ? 2 : 0)];

    /// <summary>Makes the tick ready for a mailbox. From here on it can be claimed.</summary>
    internal void Arm(GrainId grainId)
    {
        TargetId = grainId;
        SourceId = grainId;
        WithoutCaller();
        Share();
    }

    public override void ReadArguments(ref WireReader r)
    {
    }

    protected override ValueTask InvokeAsync(object target) => timer.RunAsync();

    protected override void ReturnToPool() => timer.OnTickEnded();

    private static CallMethod Create(string name, uint id, CallFlags flags) => new(name, id, () => throw new NotSupportedException("A timer is called by its silo only."), flags);
}
