using System.Diagnostics;

namespace Granary.Telemetry.Traces;

/// <summary>What this process has of a trace that is not decided on. Guarded by the lock of its <see cref="TailKeepShard"/>.</summary>
internal sealed class HeldTrace
{
    internal HeldTrace(ActivityTraceId id)
    {
        Id = id;
        Node = new LinkedListNode<HeldTrace>(this);
    }

    internal ActivityTraceId Id { get; }

    /// <summary>Its place among the traces of the shard, which stand by age.</summary>
    internal LinkedListNode<HeldTrace> Node { get; }

    /// <summary>Spans that have begun and not ended.</summary>
    internal int Open { get; set; }

    /// <summary>Spans that have begun.</summary>
    internal int Begun { get; set; }

    internal List<Activity> Ended { get; } = [];

    /// <summary>Why it is kept; null while nothing speaks for it.</summary>
    internal string? Reason { get; set; }
}
