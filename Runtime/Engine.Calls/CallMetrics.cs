using System.Diagnostics.Metrics;

namespace Granary.Calls;

/// <summary>How calls ended, as their callers see it. Names are those of official Orleans.</summary>
internal static class CallMetrics
{
    private static readonly Meter s_meter = new("Microsoft.Orleans");
    private static readonly Counter<long> s_timedOut = s_meter.CreateCounter<long>("orleans-app-requests-timedout", null, "Calls that ended at their deadline");
    private static readonly Counter<long> s_cancelled = s_meter.CreateCounter<long>("orleans-app-requests-canceled", null, "Calls that their callers cancelled");

    internal static void TimedOut() => s_timedOut.Add(1);

    internal static void Cancelled() => s_cancelled.Add(1);
}
