using System.Runtime.CompilerServices;
using Granary.Rpc;

namespace Granary.Fuzzing;

/// <summary>One method for each kind of thing that travels.</summary>
public interface IFuzzGrain : IGrainWithStringKey
{
    Task<long> Add(long a, long b);

    Task<string> Echo(string text);

    Task<int> Sum(List<int> numbers);

    Task<FuzzRecord> Copy(FuzzRecord record);

    Task<decimal> Odd(Guid id, decimal amount, DateTimeOffset at, TimeSpan length, byte[] bytes);

    Task Fail(int kind);

    [Orleans.Concurrency.AlwaysInterleave]
    Task Wait(CancellationToken cancellation);

    Task Tell(IFuzzWatcher watcher, IFuzzGrain other);

    Task<int> Total(RpcStream<int> numbers);

    [Orleans.Concurrency.OneWay]
    Task Note(string text);

    IAsyncEnumerable<FuzzRecord> Stream(int count, CancellationToken cancellation = default);
}

/// <summary>Called back.</summary>
public interface IFuzzWatcher : IGrainObserver
{
    Task Saw(string what);
}

/// <summary>A value with values inside.</summary>
[GenerateSerializer]
public sealed class FuzzRecord
{
    [Id(0)]
    public string Name { get; set; } = "";

    [Id(1)]
    public double? Weight { get; set; }

    [Id(2)]
    public List<FuzzRecord> Parts { get; set; } = [];

    [Id(3)]
    public Dictionary<string, long> Counts { get; set; } = [];
}

/// <summary>Does little: what is tested is the way there.</summary>
public sealed class FuzzGrain : Grain, IFuzzGrain
{
    public Task<long> Add(long a, long b) => Task.FromResult(unchecked(a + b));

    public Task<string> Echo(string text) => Task.FromResult(text);

    public Task<int> Sum(List<int> numbers) => Task.FromResult(numbers.Aggregate(0, static (a, b) => unchecked(a + b)));

    public Task<FuzzRecord> Copy(FuzzRecord record) => Task.FromResult(record);

    public Task<decimal> Odd(Guid id, decimal amount, DateTimeOffset at, TimeSpan length, byte[] bytes) => Task.FromResult(amount);

    public Task Fail(int kind) => throw kind switch
    {
        0 => new RpcException(StatusCode.NotFound, "no such thing") { Reason = "NO_SUCH_THING", Violations = [new FieldViolation("name", "unknown")] },
        1 => new InvalidOperationException("outer", new FormatException("inner", new KeyNotFoundException("innermost"))),
        _ => new AggregateException(new TimeoutException("one"), new TimeoutException("two")),
    };

    public Task Wait(CancellationToken cancellation) => Task.Delay(Timeout.Infinite, cancellation);

    public async Task Tell(IFuzzWatcher watcher, IFuzzGrain other)
    {
        if (watcher is not null) await watcher.Saw($"told {other}");
    }

    public async Task<int> Total(RpcStream<int> numbers)
    {
        var total = 0;
        await foreach (var number in numbers) total = unchecked(total + number);
        return total;
    }

    public Task Note(string text) => Task.CompletedTask;

    public async IAsyncEnumerable<FuzzRecord> Stream(int count, [EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var i = 0; i < Math.Min(count, 1000); i++)
        {
            yield return new FuzzRecord { Name = $"item {i}", Weight = i };
            if (i % 16 == 0) await Task.Yield();
            cancellation.ThrowIfCancellationRequested();
        }
    }
}
