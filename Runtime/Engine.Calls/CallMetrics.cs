using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Granary.Calls;

/// <summary>How calls ended, as their callers see it. Names are those of official Orleans.</summary>
internal static class CallMetrics
{
    private static readonly Meter s_meter = new("Microsoft.Orleans");
    private static readonly Counter<long> s_timedOut = s_meter.CreateCounter<long>("orleans-app-requests-timedout", null, "Calls that ended at their deadline");
    private static readonly Counter<long> s_cancelled = s_meter.CreateCounter<long>("orleans-app-requests-canceled", null, "Calls that their callers cancelled");

    private static readonly Histogram<double> s_turn = new Meter("Granary.Engine").CreateHistogram<double>("granary.turn.duration", "s", "How long methods kept their thread before they first awaited: the first few calls of each and one of many");

    /// <summary>The synchronous part of a turn, as <see cref="TurnMeter"/> has timed it; in the ticks of <see cref="Stopwatch"/>.</summary>
    internal static void Turn(long ticks)
    {
        if (s_turn.Enabled) s_turn.Record((double)ticks / Stopwatch.Frequency);
    }

    internal static void TimedOut() => s_timedOut.Add(1);

    internal static void Cancelled() => s_cancelled.Add(1);
}
