using System.Diagnostics.Metrics;
using Granary.Rpc.Catalog;

namespace Granary.Gateway;

/// <summary>The gateway's instruments; names follow OpenTelemetry's conventions for RPC servers. Attributes come from the catalog and the code table, so their number is bounded.</summary>
internal sealed class GatewayInstruments
{
    private readonly MethodActivity[] _methods;

    public GatewayInstruments(IMeterFactory meters, RpcCatalog catalog)
    {
        _methods = [.. catalog.Services.SelectMany(s => s.Methods).Select(m => new MethodActivity(m))];
        var meter = meters.Create(GatewayTelemetry.MeterName);
        Duration = meter.CreateHistogram(
            "rpc.server.call.duration", "s", "How long calls took, from their arrival to the end of their response.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] });
        StreamedItems = meter.CreateCounter<long>("rpc.server.stream.items", "{item}", "Items sent in streams.");
        Retries = meter.CreateCounter<long>("granary.gateway.retries", "{attempt}", "Attempts that ended with UNAVAILABLE and could be repeated: whether they were, or time, attempts or the budget were used up.");

        // Read when somebody looks, since counting up and down through the instrument would cost each call as much as its duration does.
        meter.CreateObservableUpDownCounter("rpc.server.active_calls", ReadActive, "{call}", "Calls that have begun and not ended.");
    }

    public Histogram<double> Duration { get; }

    public Counter<long> StreamedItems { get; }

    public Counter<long> Retries { get; }

    public IReadOnlyList<MethodActivity> Methods => _methods;

    private IEnumerable<Measurement<long>> ReadActive()
    {
        foreach (var method in _methods)
        {
            if (method.WasUsed) yield return new Measurement<long>(method.Active, method.Tag);
        }
    }
}

/// <summary>How many calls of a method are under way. Thread-safe.</summary>
internal sealed class MethodActivity(RpcMethod method)
{
    private long _begun;
    private long _ended;

    public RpcMethod Method { get; } = method;

    /// <summary>The method's full name.</summary>
    public string Name { get; } = method.ToString();

    public KeyValuePair<string, object?> Tag { get; } = new("rpc.method", method.ToString());

    public bool WasUsed => Volatile.Read(ref _begun) > 0;

    /// <summary>Never negative: the ended ones are read first.</summary>
    public long Active
    {
        get
        {
            var ended = Volatile.Read(ref _ended);
            return Volatile.Read(ref _begun) - ended;
        }
    }

    public void Begin() => Interlocked.Increment(ref _begun);

    public void End() => Interlocked.Increment(ref _ended);
}
