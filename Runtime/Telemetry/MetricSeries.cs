using System.Collections.Frozen;
using System.Diagnostics.Metrics;
using Granary.Telemetry.Traces;

namespace Granary.Telemetry;

/// <summary>
/// How many series a metric may have. The SDK makes all places ready when the metric appears, some 100 bytes each, so those whose labels are words of fixed lists get no more than <see cref="Few"/>.
/// </summary>
internal static class MetricSeries
{
    /// <summary>More than any fixed list of words, or two of them, makes.</summary>
    internal const int Few = 50;

    /// <summary>Our meters and the runtime's: all their metrics are known here.</summary>
    internal static readonly FrozenSet<string> Meters = FrozenSet.Create(
        StringComparer.Ordinal, "Granary.Gateway", "Granary.Engine", "Granary.Transport", TailKeepMetrics.MeterName, "Microsoft.Orleans", "System.Runtime");

    // Those labelled with what contracts, configuration and the cluster hold: methods, services, policies, types, states, peers; and with exceptions.
    private static readonly FrozenSet<string> s_many = FrozenSet.Create(
        StringComparer.Ordinal,
        "rpc.server.call.duration",
        "rpc.server.active_calls",
        "rpc.server.stream.items",
        "granary.gateway.retries",
        "granary.gateway.hedges",
        "granary.gateway.rate_limit.refusals",
        "granary.gateway.breaker.state",
        "granary.gateway.breaker.transitions",
        "granary.gateway.bulkhead.calls",
        "granary.gateway.bulkhead.refusals",
        "orleans-grains",
        "orleans-storage-read-latency",
        "orleans-storage-write-latency",
        "orleans-storage-clear-latency",
        "orleans-storage-read-errors",
        "orleans-storage-write-errors",
        "orleans-storage-clear-errors",
        "granary.storage.state.size",
        "granary.transport.connections",
        "granary.transport.calls.in_flight",
        "granary.transport.calls.in_progress",
        "granary.transport.queued",
        "dotnet.exceptions");

    /// <summary>The most series of this metric.</summary>
    /// <param name="instrument">What it comes from. Of others than <see cref="Meters"/> nothing is known.</param>
    /// <param name="most">What the settings allow.</param>
    internal static int Limit(Instrument instrument, int most) => Meters.Contains(instrument.Meter.Name) && !s_many.Contains(instrument.Name) ? Math.Min(most, Few) : most;
}
