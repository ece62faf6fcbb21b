using System.Diagnostics.Metrics;

namespace Granary.Engine;

/// <summary>
/// What the engine counts of calls and activations. Names are those of official Orleans where it counts the same thing, and begin with <c>granary.</c> where it does not.
/// Recording costs nothing measurable while nobody listens.
/// </summary>
internal sealed class EngineMetrics
{
    internal const string MeterName = "Microsoft.Orleans";

    /// <summary>The meter of what official Orleans does not count, or counts otherwise.</summary>
    internal const string GranaryMeterName = "Granary.Engine";

    private static readonly Meter s_meter = new(MeterName);
    private static readonly Meter s_granary = new(GranaryMeterName);
    private static readonly Counter<long> s_activated = s_meter.CreateCounter<long>("orleans-catalog-activation-created", null, "Activations that began to serve");
    private static readonly Counter<long> s_deactivated = s_meter.CreateCounter<long>("orleans-catalog-activation-destroyed", null, "Activations that left");
    private static readonly Counter<long> s_failed = s_meter.CreateCounter<long>("orleans-catalog-activation-failed-to-activate", null, "Activations that failed in their constructor, state or hook");
    private static readonly Counter<long> s_lost = s_meter.CreateCounter<long>("orleans-catalog-activation-concurrent-registration-attempts", null, "Activations given up because another silo registered the grain first");
    private static readonly Counter<long> s_collections = s_meter.CreateCounter<long>("orleans-catalog-activation-collections", null, "Searches for idle activations");
    private static readonly UpDownCounter<long> s_grains = s_meter.CreateUpDownCounter<long>("orleans-grains", null, "Activations by class");
    private static readonly Counter<long> s_rerouted = s_meter.CreateCounter<long>("orleans-messaging-rerouted", null, "Calls sent on because their grain is elsewhere");
    private static readonly Counter<long> s_expired = s_meter.CreateCounter<long>("orleans-messaging-expired", null, "Calls whose deadline passed before they could start");
    private static readonly Counter<long> s_rejected = s_meter.CreateCounter<long>("orleans-messaging-rejected", null, "Calls refused by a full mailbox");
    private static readonly Counter<long> s_shed = s_meter.CreateCounter<long>("orleans-gateway-load-shedding", null, "Calls refused because the silo was overloaded");
    private static readonly Histogram<double> s_queueDelay = s_granary.CreateHistogram<double>("granary.mailbox.delay", "s", "Time a call waits in a mailbox");
    private static readonly Histogram<double> s_threadDelay = s_granary.CreateHistogram<double>("granary.threadpool.delay", "s", "Time a work item waits for a thread");
    private static readonly Counter<long> s_placements = s_granary.CreateCounter<long>("granary.placement.decisions", "{decision}", "Grains for which this process chose a silo");

    [ThreadStatic]
    private static int t_sample;

    internal static void Placed() => s_placements.Add(1);

    internal void Shed() => s_shed.Add(1);

    internal void ThreadDelay(long milliseconds)
    {
        if (s_threadDelay.Enabled) s_threadDelay.Record(milliseconds / 1000.0);
    }

    internal void Activated(Type grainClass)
    {
        s_activated.Add(1);
        if (s_grains.Enabled) s_grains.Add(1, KeyValuePair.Create<string, object?>("type", grainClass.FullName));
    }

    internal void Deactivated(Type grainClass)
    {
        s_deactivated.Add(1);
        if (s_grains.Enabled) s_grains.Add(-1, KeyValuePair.Create<string, object?>("type", grainClass.FullName));
    }

    internal void ActivationFailed() => s_failed.Add(1);

    internal void RegistrationLost() => s_lost.Add(1);

    internal void Collected() => s_collections.Add(1);

    internal void Rerouted() => s_rerouted.Add(1);

    internal void Expired() => s_expired.Add(1);

    internal void Rejected() => s_rejected.Add(1);

    /// <summary>Whether to measure the queue delay of the next call: one in 16, when anybody listens.</summary>
    internal bool SampleQueueDelay() => s_queueDelay.Enabled && (++t_sample & 15) == 0;

    internal void QueueDelay(TimeSpan delay) => s_queueDelay.Record(delay.TotalSeconds);
}
