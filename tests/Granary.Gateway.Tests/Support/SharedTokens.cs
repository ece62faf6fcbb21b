using Granary.Gateway.Admission;

namespace Granary.Gateway.Tests.Support;

/// <summary>Shared buckets in memory, counted in tokens and by a test's clock: a model of what Redis does. A test can make it fail, and hold its answers.</summary>
internal sealed class SharedTokens(TestClock clock) : ISharedTokens
{
    private readonly Dictionary<(string Policy, string Partition), (double Tokens, long At)> _buckets = [];

    public Exception? Fault { get; set; }

    public TaskCompletionSource? Hold { get; set; }

    public int Gateways { get; set; } = 1;

    public int Asked { get; private set; }

    public ValueTask<int> BeatAsync(TimeSpan timeout, CancellationToken cancellation) => Fault is { } fault ? ValueTask.FromException<int>(fault) : new(Gateways);

    public ValueTask LeaveAsync() => default;

    public void Empty()
    {
        lock (_buckets) _buckets.Clear();
    }

    public async ValueTask<SharedAnswer> TakeAsync(SharedRequest request, TimeSpan timeout)
    {
        lock (_buckets) Asked++;
        if (Hold is { } hold) await hold.Task;
        if (Fault is { } fault) throw fault;
        lock (_buckets)
        {
            var now = clock.GetTimestamp();
            var interval = request.Interval * TimeSpan.TicksPerMicrosecond;
            var (tokens, at) = _buckets.GetValueOrDefault((request.Policy, request.Partition), (request.Burst, now));
            tokens = Math.Min(request.Burst, tokens + ((now - at) / interval));
            tokens = Math.Min(request.Burst, Math.Max(0, tokens - request.Owed) + request.Back);
            var granted = Math.Min(request.Need, (int)(tokens + 1e-6));
            var ahead = Math.Min(request.Ahead, (int)((tokens - granted) / 4));
            tokens -= granted + ahead;
            _buckets[(request.Policy, request.Partition)] = (tokens, now);
            return new SharedAnswer(granted, ahead, (int)(tokens + 1e-6), TimeSpan.FromTicks((long)((request.Burst - tokens) * interval)), tokens > 1 - 1e-6 ? TimeSpan.Zero : TimeSpan.FromTicks((long)Math.Ceiling((1 - tokens) * interval)));
        }
    }
}
