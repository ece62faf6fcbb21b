using System.Diagnostics.Metrics;

namespace Granary.Engine;

/// <summary>How many reminders this process runs, how many ticks grains have taken, and how late, in seconds, they began.</summary>
internal static class ReminderMetrics
{
    private static readonly Meter s_meter = new(EngineMetrics.MeterName);
    private static readonly Histogram<double> s_tardiness = s_meter.CreateHistogram<double>("orleans-reminders-tardiness", "s", "How long after it was due a tick began");
    private static readonly Counter<long> s_ticks = s_meter.CreateCounter<long>("orleans-reminders-ticks-delivered", null, "Ticks that grains have taken");
    private static long s_running;

    static ReminderMetrics() => s_meter.CreateObservableGauge("orleans-reminders-active", static () => Volatile.Read(ref s_running), null, "Reminders this process runs");

    internal static void Running(int change) => Interlocked.Add(ref s_running, change);

    internal static void Due(TimeSpan late) => s_tardiness.Record(Math.Max(0, late.TotalSeconds));

    internal static void Delivered() => s_ticks.Add(1);
}
