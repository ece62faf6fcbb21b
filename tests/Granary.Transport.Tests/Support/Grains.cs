using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Granary.Rpc;
using Orleans.Concurrency;

namespace Granary.Transport.Tests;

/// <summary>What the tests call over connections.</summary>
public interface IProbeGrain : IGrainWithStringKey
{
    Task<long> Add(long a, long b);

    ValueTask<string> Echo(string text);

    Task<string> Where();

    /// <summary>Waits until the test opens the gate of that name.</summary>
    [AlwaysInterleave]
    Task<string> WaitAt(string gate, CancellationToken cancellation);

    Task<int> Sum(List<int> numbers);

    Task<byte[]> Bytes(int length);

    [ReadOnly]
    Task<int> Peek(List<int> numbers);

    Task Fail(string kind, string message);

    Task<string> Context(string key);

    Task<long> Remaining();

    [OneWay]
    Task Note(string name);

    IAsyncEnumerable<int> Count(int to, CancellationToken cancellation = default);
}

[Orleans.Placement.HashBasedPlacement] // on its home
public sealed class ProbeGrain : Grain, IProbeGrain
{
    public Task<long> Add(long a, long b) => Task.FromResult(a + b);

    public ValueTask<string> Echo(string text) => new(text);

    public Task<string> Where() => Task.FromResult(RuntimeIdentity);

    public async Task<string> WaitAt(string gate, CancellationToken cancellation)
    {
        var at = Gate.Of(gate);
        at.OnEnter();
        try
        {
            await at.Opened.WaitAsync(cancellation);
            return gate;
        }
        catch (OperationCanceledException)
        {
            at.OnCancelled();
            throw;
        }
    }

    public Task<int> Sum(List<int> numbers) => Task.FromResult(numbers.Sum());

    public Task<int> Peek(List<int> numbers) => Task.FromResult(numbers.Sum());

    public Task<byte[]> Bytes(int length) => Task.FromResult(new byte[length]);

    public Task Fail(string kind, string message) => throw kind switch
    {
        "rpc" => new RpcException(StatusCode.NotFound, message) { Reason = "NO_SUCH_THING", Violations = [new FieldViolation("name", "unknown")] },
        "argument" => new ArgumentNullException("number", message),
        "cause" => new InvalidOperationException(message, new FormatException("the cause")),
        "odd" => new OddException(7, message),
        _ => new KeyNotFoundException(message),
    };

    public Task<string> Context(string key) => Task.FromResult(RequestContext.Get(key)?.ToString() ?? "nothing");

    public Task<long> Remaining() => Task.FromResult((long)(RpcDeadline.Remaining?.TotalMilliseconds ?? -1));

    public Task Note(string name)
    {
        Gate.Of(name).OnEnter();
        return name == "broken" ? throw new InvalidOperationException(name) : Task.CompletedTask;
    }

    public async IAsyncEnumerable<int> Count(int to, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var gate = Gate.Of(this.GetPrimaryKeyString());
        try
        {
            for (var i = 0; i < to; i++)
            {
                gate.OnEnter();
                yield return i;
                await Task.Yield();
                cancellation.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            gate.OnCancelled();
        }
    }
}

/// <summary>Has no constructor that takes a message alone.</summary>
public sealed class OddException(int number, string message) : Exception(message)
{
    public int Number { get; } = number;
}

/// <summary>A point in grain code that a test watches and holds.</summary>
public sealed class Gate
{
    private static readonly ConcurrentDictionary<string, Gate> s_gates = new();
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _entries;

    public static Gate Of(string name) => s_gates.GetOrAdd(name, _ => new Gate());

    public static string NewName() => Guid.NewGuid().ToString("N");

    public Task Opened => _opened.Task;

    public Task Entered => _entered.Task;

    public Task Cancelled => _cancelled.Task;

    public int Entries => Volatile.Read(ref _entries);

    public void Open() => _opened.TrySetResult();

    public void OnEnter()
    {
        Interlocked.Increment(ref _entries);
        _entered.TrySetResult();
    }

    public void OnCancelled() => _cancelled.TrySetResult();
}
