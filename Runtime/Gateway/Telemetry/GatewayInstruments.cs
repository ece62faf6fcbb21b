using System.Diagnostics.Metrics;

namespace Granary.Gateway;

/// <summary>The gateway's instruments; names follow OpenTelemetry's conventions for RPC servers. Attributes come from the catalog and the code table, so their number is bounded.</summary>
internal sealed class GatewayInstruments
{
    public GatewayInstruments(IMeterFactory meters)
    {
        var meter = meters.Create(GatewayTelemetry.MeterName);
        Duration = meter.CreateHistogram(
            "rpc.server.call.duration", "s", "How long calls took, from their arrival to the end of their response.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] });
        Active = meter.CreateUpDownCounter<long>("rpc.server.active_calls", "{call}", "Calls that have begun and not ended.");
        StreamedItems = meter.CreateCounter<long>("rpc.server.stream.items", "{item}", "Items sent in streams.");
    }

    public Histogram<double> Duration { get; }

    public UpDownCounter<long> Active { get; }

    public Counter<long> StreamedItems { get; }
}
