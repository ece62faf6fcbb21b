using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Granary.Client;

/// <summary>The names under which the client reports, and its instruments; their names follow OpenTelemetry's conventions for RPC clients.</summary>
public static class ClientTelemetry
{
    /// <summary>The name of the activity source.</summary>
    public const string ActivitySourceName = "Granary.Client";

    /// <summary>The name of the meter.</summary>
    public const string MeterName = "Granary.Client";

    internal static readonly ActivitySource Source = new(ActivitySourceName);

    private static readonly Meter s_meter = new(MeterName);

    internal static readonly Histogram<double> Duration = s_meter.CreateHistogram(
        "rpc.client.call.duration", "s", "How long calls took, all attempts together.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] });

    internal static readonly UpDownCounter<long> ActiveCalls = s_meter.CreateUpDownCounter<long>("rpc.client.active_calls", "{call}", "Calls that have begun and not ended.");

    internal static readonly Counter<long> Retries = s_meter.CreateCounter<long>("rpc.client.retries", "{attempt}", "Attempts after the first.");

    internal static readonly Counter<long> Ejections = s_meter.CreateCounter<long>("rpc.client.endpoint.ejections", "{ejection}", "Endpoints left out because they could not be reached.");
}
