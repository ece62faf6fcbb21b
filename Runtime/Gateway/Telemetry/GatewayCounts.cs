using System.Collections.Concurrent;
using Granary.Gateway.Resilience;
using Granary.Statistics;

namespace Granary.Gateway;

/// <summary>Sums since the gateway began, for the dashboard. Thread-safe.</summary>
internal sealed class GatewayCounts
{
    private readonly ConcurrentDictionary<string, long> _bulkheads = new(StringComparer.Ordinal);
    private long _errors;
    private long _shed;
    private long _retried;
    private long _givenUp;
    private long _hedged;
    private long _secondWon;

    public DurationHistogram Durations { get; } = new();

    /// <summary>Calls that ended with any code but OK.</summary>
    public long Errors => Volatile.Read(ref _errors);

    public long Shed => Volatile.Read(ref _shed);

    public (long Repeated, long GivenUp) Retries => (Volatile.Read(ref _retried), Volatile.Read(ref _givenUp));

    public (long Sent, long Won) Hedges => (Volatile.Read(ref _hedged), Volatile.Read(ref _secondWon));

    /// <summary>What bounds calls under overload; null when nothing does.</summary>
    public CallGate? Shedding { get; set; }

    public Func<IEnumerable<(string Service, CallGate Gate)>> Bulkheads { get; set; } = static () => [];

    /// <summary>A call has ended; how many have is known from <see cref="MethodActivity"/>. One histogram for all methods: it is written once a call that comes from outside.</summary>
    public void CountEnd(TimeSpan took, bool isError)
    {
        if (isError) Interlocked.Increment(ref _errors);
        Durations.Record((long)took.TotalNanoseconds, 1);
    }

    public void CountShed() => Interlocked.Increment(ref _shed);

    public void CountRetry(bool isRepeated) => Interlocked.Increment(ref isRepeated ? ref _retried : ref _givenUp);

    public void CountHedge(bool secondWon)
    {
        Interlocked.Increment(ref _hedged);
        if (secondWon) Interlocked.Increment(ref _secondWon);
    }

    public void CountBulkhead(string service) => _bulkheads.AddOrUpdate(service, 1, static (_, n) => n + 1);

    public long BulkheadRefusals(string service) => _bulkheads.GetValueOrDefault(service);
}
