using System.Diagnostics.Metrics;

namespace Granary.Engine;

/// <summary>What the engine counts. Recording costs nothing measurable while nobody listens.</summary>
internal sealed class EngineMetrics
{
    private static readonly Meter s_meter = new("Microsoft.Orleans");
    private static readonly Counter<long> s_activated = s_meter.CreateCounter<long>("orleans-catalog-activation-created");
    private static readonly Counter<long> s_deactivated = s_meter.CreateCounter<long>("orleans-catalog-activation-destroyed");
    private static readonly Counter<long> s_failed = s_meter.CreateCounter<long>("orleans-catalog-activation-failed-to-activate");
    private static readonly Counter<long> s_rejected = s_meter.CreateCounter<long>("granary.mailbox.rejected");
    private static readonly Histogram<double> s_queueDelay = s_meter.CreateHistogram<double>("granary.mailbox.delay", "s", "Time a call waits in a mailbox");

    [ThreadStatic]
    private static int t_sample;

    private static readonly Counter<long> s_shed = s_meter.CreateCounter<long>("granary.silo.shed", "{call}", "Calls refused because the silo was overloaded");
    private static readonly Histogram<double> s_threadDelay = s_meter.CreateHistogram<double>("granary.threadpool.delay", "s", "Time a work item waits for a thread");

    internal void Shed() => s_shed.Add(1);

    internal void ThreadDelay(long milliseconds)
    {
        if (s_threadDelay.Enabled) s_threadDelay.Record(milliseconds / 1000.0);
    }

    internal void Activated() => s_activated.Add(1);

    internal void Deactivated() => s_deactivated.Add(1);

    internal void ActivationFailed() => s_failed.Add(1);

    internal void Rejected() => s_rejected.Add(1);

    /// <summary>Whether to measure the queue delay of the next call: one in 16, when anybody listens.</summary>
    internal bool SampleQueueDelay() => s_queueDelay.Enabled && (++t_sample & 15) == 0;

    internal void QueueDelay(TimeSpan delay) => s_queueDelay.Record(delay.TotalSeconds);
}
