using System.Diagnostics;
using System.Diagnostics.Metrics;
using Granary.Gateway.Resilience;
using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Gateway;

/// <summary>The gateway's instruments; names follow OpenTelemetry's conventions for RPC servers. Attributes come from the catalog and the code table, so their number is bounded.</summary>
internal sealed class GatewayInstruments
{
    private readonly MethodActivity[] _methods;
    private readonly Meter _meter;
    private readonly Counter<long> _retries;
    private readonly Counter<long> _hedges;
    private readonly Counter<long> _rateLimitRefusals;
    private readonly Counter<long> _rateLimitTokens;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _breakerMoves;
    private readonly Counter<long> _bulkheadRefusals;
    private readonly Counter<long> _shed;

    public GatewayInstruments(IMeterFactory meters, RpcCatalog catalog)
    {
        _methods = [.. catalog.Services.SelectMany(s => s.Methods).Select(m => new MethodActivity(m))];
        var meter = _meter = meters.Create(GatewayTelemetry.MeterName);
        Duration = meter.CreateHistogram(
            "rpc.server.call.duration", "s", "How long calls took, from their arrival to the end of their response.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] });
        StreamedItems = meter.CreateCounter<long>("rpc.server.stream.items", "{item}", "Items sent in streams.");
        _retries = meter.CreateCounter<long>("granary.gateway.retries", "{attempt}", "Attempts that ended with UNAVAILABLE and could be repeated: whether they were, or time, attempts or the budget were used up.");
        _hedges = meter.CreateCounter<long>("granary.gateway.hedges", "{call}", "Calls that were sent a second time while the first was running, by which of the two was answered first.");

        _rateLimitRefusals = meter.CreateCounter<long>("granary.gateway.rate_limit.refusals", "{call}", "Calls that a rate limit refused.");
        _rateLimitTokens = meter.CreateCounter<long>("granary.gateway.rate_limit.shared.tokens", "{token}", "Tokens of shared rate limits: asked of Redis, fetched ahead, or of this gateway's share while Redis does not answer.");

        _refusals = meter.CreateCounter<long>("granary.gateway.refusals", "{request}", "Requests and calls refused for who makes them, by the reason.");
        _breakerMoves = meter.CreateCounter<long>("granary.gateway.breaker.transitions", "{transition}", "Moves of breakers to a state.");
        _bulkheadRefusals = meter.CreateCounter<long>("granary.gateway.bulkhead.refusals", "{call}", "Calls refused since too many of their service were under way.");
        _shed = meter.CreateCounter<long>("granary.gateway.shedding.refusals", "{call}", "Calls refused since this process was overloaded.");

        // Read when somebody looks, since counting up and down through the instrument would cost each call as much as its duration does.
        meter.CreateObservableUpDownCounter("rpc.server.active_calls", ReadActive, "{call}", "Calls that have begun and not ended.");
    }

    public Histogram<double> Duration { get; }

    public Counter<long> StreamedItems { get; }

    /// <summary>The same events for the dashboard, which reads sums.</summary>
    public GatewayCounts Counts { get; } = new();

    public void Retried(RpcMethod method, bool isRepeated)
    {
        Counts.CountRetry(isRepeated);
        _retries.Add(1, new("rpc.method", method.ToString()), new("granary.outcome", isRepeated ? "repeated" : "given_up"));
    }

    public void Hedged(RpcMethod method, bool secondWon)
    {
        Counts.CountHedge(secondWon);
        _hedges.Add(1, new("rpc.method", method.ToString()), new("granary.winner", secondWon ? "second" : "first"));
    }

    public IReadOnlyList<MethodActivity> Methods => _methods;

    /// <param name="policy">Of the configuration.</param>
    /// <param name="reason"><c>tokens</c> or <c>concurrency</c>.</param>
    public void RateLimitRefused(string policy, string reason) => _rateLimitRefusals.Add(1, new("policy", policy), new("reason", reason));

    /// <param name="from"><c>redis</c>, <c>lease</c> or <c>share</c>.</param>
    public void RateLimitTook(string from) => _rateLimitTokens.Add(1, new KeyValuePair<string, object?>("from", from));

    public void WatchSharedRateLimits(Func<bool> isShared) =>
        _meter.CreateObservableGauge("granary.gateway.rate_limit.shared", () => isShared() ? 1 : 0, "1", "1 while Redis counts shared rate limits, 0 while this gateway grants its share.");

    /// <summary>Counts a refusal, and leaves its reason in the span.</summary>
    /// <param name="reason">One of a fixed set of words.</param>
    public void Refuse(string reason)
    {
        _refusals.Add(1, new KeyValuePair<string, object?>("granary.refusal.reason", reason));
        if (Activity.Current is { IsAllDataRequested: true } span) span.SetTag("granary.refusal.reason", reason);
    }

    public void BreakerMoved(Breaker breaker) => _breakerMoves.Add(1, new("rpc.method", breaker.Name), new("granary.state", Name(breaker.State)));

    /// <param name="breakers">Those that have ever moved.</param>
    public void WatchBreakers(Func<IEnumerable<Breaker>> breakers) => _meter.CreateObservableGauge(
        "granary.gateway.breaker.state", () => breakers().Select(b => new Measurement<int>((int)b.State, new KeyValuePair<string, object?>("rpc.method", b.Name))), "{state}", "Breakers that have ever moved: 0 closed, 1 half-open, 2 open.");

    public void BulkheadRefused(string service)
    {
        Counts.CountBulkhead(service);
        _bulkheadRefusals.Add(1, new KeyValuePair<string, object?>("rpc.service", service));
    }

    public void WatchBulkheads(Func<IEnumerable<(string Service, CallGate Gate)>> bulkheads)
    {
        Counts.Bulkheads = bulkheads;
        _meter.CreateObservableUpDownCounter(
            "granary.gateway.bulkhead.calls", () => bulkheads().Select(b => new Measurement<int>(b.Gate.UnderWay, new KeyValuePair<string, object?>("rpc.service", b.Service))), "{call}", "Calls under way of services with a bulkhead.");
    }

    public void Shed(CallPriority priority)
    {
        Counts.CountShed();
        _shed.Add(1, new KeyValuePair<string, object?>("granary.priority", priority switch { CallPriority.High => "high", CallPriority.Batch => "batch", _ => "normal" }));
    }

    public void WatchShedding(CallGate gate)
    {
        Counts.Shedding = gate;
        _meter.CreateObservableGauge("granary.gateway.shedding.limit", () => gate.Limit == int.MaxValue ? 0 : gate.Limit, "{call}", "Calls that may be under way; 0 while there is no overload and no limit.");
        _meter.CreateObservableUpDownCounter("granary.gateway.shedding.waiting", () => gate.Waiting, "{call}", "Calls that wait under overload.");
    }

    private static string Name(BreakerState state) => state switch { BreakerState.Open => "open", BreakerState.HalfOpen => "half_open", _ => "closed" };

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

    public long Ended => Volatile.Read(ref _ended);

    /// <summary>Never negative: the ended ones are read first.</summary>
    public long Active
    {
        get
        {
            var ended = Ended;
            return Volatile.Read(ref _begun) - ended;
        }
    }

    public void Begin() => Interlocked.Increment(ref _begun);

    public void End() => Interlocked.Increment(ref _ended);
}
