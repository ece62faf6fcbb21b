using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Granary.Cluster.Contracts;
using Granary.Cluster.Harness;
using Granary.Rpc;

namespace Granary.Cluster.Workload;

/// <summary>Callers that never give up: each makes one call after the other, whatever became of the one before, and writes down what it saw.</summary>
internal sealed class Load
{
    private const int StreamItems = 30;
    private static readonly TimeSpan s_streamTime = TimeSpan.FromSeconds(3);

    private readonly IGrainFactory _grains;
    private readonly TimeSpan _deadline;
    private readonly LoadOptions _options;
    private readonly int _seed;
    private readonly string _name;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<string, Operation> _lastSuccess = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<Transfer> _transfers = [];
    private long _lastNewGrain; // when the latest call to a grain that was new and answered began
    private readonly List<Task> _callers = [];

    internal Load(TestClient client, LoadOptions options, int seed, string name = "load")
    {
        _grains = client.Grains;
        _deadline = client.ResponseTimeout;
        (_options, _seed, _name) = (options, seed, name);
        Counters = [.. Enumerable.Range(0, options.Counters).Select(i => Key("counter", i))];
        Accounts = [.. Enumerable.Range(0, options.Accounts).Select(i => Key("account", i))];
    }

    internal History History { get; } = new();

    /// <summary>The counters with one caller each.</summary>
    internal IReadOnlyList<string> Counters { get; }

    /// <summary>The counter with several.</summary>
    internal string Contended => $"{_name}-contended";

    internal IReadOnlyList<string> Accounts { get; }

    /// <summary>Every transfer that was begun.</summary>
    internal IReadOnlyCollection<Transfer> Transfers => _transfers;

    internal void Start()
    {
        foreach (var counter in Counters) Run(i => IncrementAsync(counter, "only", i));
        for (var rival = 0; rival < _options.Rivals; rival++)
        {
            var name = Key("rival", rival);
            Run(i => IncrementAsync(Contended, name, i));
        }

        for (var payer = 0; payer < _options.Payers; payer++)
        {
            var (name, random) = (Key("payer", payer), new Random(_seed + payer));
            Run(i => TransferAsync($"{name}-{i.ToString(CultureInfo.InvariantCulture)}", random));
        }

        for (var pioneer = 0; pioneer < _options.Pioneers; pioneer++)
        {
            var name = Key("pioneer", pioneer);
            Run(i => PioneerAsync($"{name}-{i.ToString(CultureInfo.InvariantCulture)}"));
        }

        for (var streamer = 0; streamer < _options.Streamers; streamer++)
        {
            var key = Key("stream", streamer);
            if (streamer % 2 == 0) Run(i => CountAsync(key, i));
            else Run(i => SumAsync(key, i));
        }
    }

    /// <summary>The silo where a counter was when it last answered; empty when it has not.</summary>
    internal string SiloOf(string counter) => _lastSuccess.TryGetValue(counter, out var success) ? success.Silo : "";

    /// <summary>The counters without a success of a call that began after a moment.</summary>
    internal IReadOnlyList<string> NotServedSince(long moment) => [.. Counters.Where(c => !_lastSuccess.TryGetValue(c, out var success) || success.BeganAt < moment)];

    /// <summary>Waits until each counter, and a grain that was new, has answered a call that began after now.</summary>
    internal Task ServedAsync(TimeSpan within)
    {
        var from = Stopwatch.GetTimestamp();
        return ServedSinceAsync(from, within);
    }

    /// <inheritdoc cref="ServedAsync"/>
    internal async Task ServedSinceAsync(long from, TimeSpan within)
    {
        try
        {
            await Until.TrueAsync(() => NotServedSince(from).Count == 0 && (_options.Pioneers == 0 || Volatile.Read(ref _lastNewGrain) >= from), within, "every counter and a new grain answer");
        }
        catch (TimeoutException error)
        {
            var waiting = NotServedSince(from);
            var last = History.All().LastOrDefault(o => o.Grain == waiting.FirstOrDefault() && o.Outcome is Outcome.Failed or Outcome.Unknown)?.Error;
            throw new TimeoutException($"{waiting.Count} of {Counters.Count} counters{(waiting.Count == 0 ? ", and no new grain," : "")} did not answer within {within}: {string.Join(", ", waiting.Take(5))}. The last error of the first: {last?.ToString() ?? "none"}", error);
        }
    }

    /// <summary>No new calls; waits for those under way, for as long as they may take. What is open after that will never end.</summary>
    internal async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAny(Task.WhenAll(_callers), Task.Delay(_deadline + s_streamTime + History.Grace, TimeProvider.System));
    }

    /// <summary>Runs every transfer that has not been acknowledged again, until it is.</summary>
    internal async Task FinishTransfersAsync(TimeSpan within)
    {
        var start = Stopwatch.GetTimestamp();
        foreach (var transfer in _transfers.Where(t => !t.IsDone))
        {
            while (!transfer.IsDone)
            {
                if (Stopwatch.GetElapsedTime(start) > within) throw new TimeoutException($"The transfer {transfer.Id} could not be finished within {within}.");
                await AttemptAsync(transfer);
            }
        }
    }

    /// <summary>Lets the counters be placed anew until each of so many silos has some, also one that came late.</summary>
    internal async Task SpreadAsync(int silos, TimeSpan within)
    {
        var start = Stopwatch.GetTimestamp();
        do
        {
            var from = Stopwatch.GetTimestamp();
            await Task.WhenAll(Counters.Select(c => _grains.GetGrain<ICounterGrain>(c).Leave()));
            await ServedSinceAsync(from, within);
        }
        while (Counters.Select(SiloOf).Distinct(StringComparer.Ordinal).Count() < silos && Stopwatch.GetElapsedTime(start) < within);
    }

    /// <summary>Reads a counter, trying again while the cluster cannot.</summary>
    internal Task<CounterReport> ReadCounterAsync(string counter) => ReadAsync(() => _grains.GetGrain<ICounterGrain>(counter).Read());

    /// <summary>Reads an account, trying again while the cluster cannot.</summary>
    internal Task<long> ReadAccountAsync(string account) => ReadAsync(() => _grains.GetGrain<IAccountGrain>(account).Balance());

    private static async Task<T> ReadAsync<T>(Func<Task<T>> read)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await read();
            }
            catch (Exception) when (attempt < 5)
            {
                // The bound is the call's own deadline, five times.
            }
        }
    }

    private string Key(string what, int number) => string.Create(CultureInfo.InvariantCulture, $"{_name}-{what}{number}");

    private void Run(Func<long, Task> call) => _callers.Add(Task.Run(async () =>
    {
        for (var i = 1L; !_stopping.IsCancellationRequested; i++)
        {
            await call(i);
            await Task.Delay(_options.Pause, TimeProvider.System);
        }
    }));

    private async Task IncrementAsync(string counter, string caller, long sequence)
    {
        var done = await History.CallAsync(Kind.Increment, counter, _deadline, async operation =>
        {
            var count = await _grains.GetGrain<ICounterGrain>(counter).Increment(caller, sequence);
            operation.Value = count.Value;
            operation.Silo = count.Place.Silo;
        });
        if (done.Outcome == Outcome.Acknowledged) _lastSuccess[counter] = done;
    }

    private async Task TransferAsync(string id, Random random)
    {
        var from = random.Next(Accounts.Count);
        var to = (from + 1 + random.Next(Accounts.Count - 1)) % Accounts.Count;
        var transfer = new Transfer(id, Accounts[from], Accounts[to], random.Next(1, 1000));
        _transfers.Add(transfer);
        while (!transfer.IsDone && !_stopping.IsCancellationRequested)
        {
            await AttemptAsync(transfer);
            if (!transfer.IsDone) await Task.Delay(_options.Pause, TimeProvider.System);
        }
    }

    private async Task AttemptAsync(Transfer transfer)
    {
        var attempt = await History.CallAsync(Kind.Transfer, transfer.Id, _deadline, _ => _grains.GetGrain<ITransferGrain>(transfer.Id).Run(transfer.From, transfer.To, transfer.Amount));
        transfer.IsDone = attempt.Outcome == Outcome.Acknowledged;
    }

    private async Task PioneerAsync(string key)
    {
        var done = await History.CallAsync(Kind.NewGrain, key, _deadline, async operation => operation.Silo = (await _grains.GetGrain<IPlaceGrain>(key).Where()).Silo);
        if (done.Outcome == Outcome.Acknowledged) Volatile.Write(ref _lastNewGrain, Math.Max(done.BeganAt, Volatile.Read(ref _lastNewGrain)));
    }

    private Task CountAsync(string key, long from) => History.CallAsync(Kind.ServerStream, key, _deadline + s_streamTime, async operation =>
    {
        var expected = from;
        await foreach (var item in _grains.GetGrain<IStreamGrain>(key).Count(from, StreamItems))
        {
            if (item != expected) operation.Fault ??= $"item {item} came where {expected} was due";
            expected++;
        }

        if (expected != from + StreamItems) operation.Fault ??= $"the stream ended after {expected - from} of {StreamItems} items, without an error";
    });

    private Task SumAsync(string key, long from) => History.CallAsync(Kind.ClientStream, key, _deadline + s_streamTime, async operation =>
    {
        var sum = await _grains.GetGrain<IStreamGrain>(key).Sum(RpcStream.From(SlowlyAsync(from)));
        var expected = Enumerable.Range(0, StreamItems).Sum(i => from + i);
        if (sum != expected) operation.Fault = $"the sum of the stream is {sum}, not {expected}";
    });

    private static async IAsyncEnumerable<long> SlowlyAsync(long from)
    {
        for (var i = 0; i < StreamItems; i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
            yield return from + i;
        }
    }
}

/// <summary>A transfer that a payer has begun.</summary>
internal sealed class Transfer(string id, string from, string to, long amount)
{
    internal string Id { get; } = id;

    internal string From { get; } = from;

    internal string To { get; } = to;

    internal long Amount { get; } = amount;

    /// <summary>Whether its end was acknowledged.</summary>
    internal bool IsDone { get; set; }
}
