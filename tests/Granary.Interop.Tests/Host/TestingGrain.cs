using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Granary.Rpc;
using Orleans;
using Orleans.Concurrency;

namespace Granary.Interop.Tests.Host;

[Reentrant]
public sealed class TestingGrain : Grain, ITestingGrain
{
    private static readonly ConcurrentDictionary<string, int> s_woken = new();
    private static readonly ConcurrentDictionary<string, int> s_flooded = new();
    private static readonly ConcurrentDictionary<string, int> s_incremented = new();

    public Task Empty(CancellationToken ct) => Task.CompletedTask;

    public Task<int> Add(int a, int b, CancellationToken ct) => Task.FromResult(a + b);

    public Task<int> Increment(string name, CancellationToken ct) => Task.FromResult(s_incremented.AddOrUpdate(name, 1, (_, n) => n + 1));

    public async IAsyncEnumerable<int> Count(int to, [EnumeratorCancellation] CancellationToken ct)
    {
        for (var i = 1; i <= to; i++)
        {
            await Task.Yield();
            yield return i;
        }
    }

    public Task<Payload> Large(int size, Payload payload, CancellationToken ct) => Task.FromResult(new Payload { Body = new byte[size] });

    public async Task<int> Collect(RpcStream<Payload> payloads, CancellationToken ct)
    {
        var all = 0;
        await foreach (var payload in payloads.WithCancellation(ct)) all += payload.Body.Length;
        return all;
    }

    public async IAsyncEnumerable<Payload> Produce(IReadOnlyList<int> sizes, [EnumeratorCancellation] CancellationToken ct)
    {
        foreach (var size in sizes)
        {
            await Task.Yield();
            yield return new Payload { Body = new byte[size] };
        }
    }

    public async IAsyncEnumerable<Payload> PingPong(RpcStream<Ping> pings, [EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (var ping in pings.WithCancellation(ct)) yield return new Payload { Body = new byte[ping.Size] };
    }

    public Task<string> Status(int code, string message, CancellationToken ct) => throw new RpcException((StatusCode)code, message);

    public Task<string> Detailed(CancellationToken ct) => throw new RpcException(StatusCode.InvalidArgument, "nothing fits")
    {
        Violations = [new FieldViolation("lines[2].quantity", "must be positive")],
        Reason = "NOTHING_FITS",
        Metadata = new Dictionary<string, string> { ["shop"] = "7" },
        RetryAfter = TimeSpan.FromSeconds(30),
    };

    public async IAsyncEnumerable<int> Break(int after, [EnumeratorCancellation] CancellationToken ct)
    {
        for (var i = 1; i <= after; i++) yield return i;
        await Task.Yield();
        throw new RpcException(StatusCode.DataLoss, "broken off");
    }

    public async Task<string> Sleep(string name, CancellationToken ct)
    {
        await EndAsync(name, ct);
        return "never";
    }

    public async IAsyncEnumerable<string> SleepAfterOne(string name, [EnumeratorCancellation] CancellationToken ct)
    {
        yield return "one";
        await EndAsync(name, ct);
    }

    public Task<int> Woken(string name, CancellationToken ct) => Task.FromResult(s_woken.GetValueOrDefault(name));

    public Task<int> Flooded(string name, CancellationToken ct) => Task.FromResult(s_flooded.GetValueOrDefault(name));

    public async IAsyncEnumerable<Payload> Flood(string name, [EnumeratorCancellation] CancellationToken ct)
    {
        try
        {
            while (true)
            {
                ct.ThrowIfCancellationRequested();
                s_flooded.AddOrUpdate(name, 1, (_, n) => n + 1);
                yield return new Payload { Body = new byte[16 * 1024] };
                await Task.Yield();
            }
        }
        finally
        {
            s_woken.AddOrUpdate(name, 1, (_, n) => n + 1);
        }
    }

    public Task<Everything> Echo(Everything everything, CancellationToken ct) => Task.FromResult(everything);

    private static async Task EndAsync(string name, CancellationToken ct)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, ct);
        }
        finally
        {
            s_woken.AddOrUpdate(name, 1, (_, n) => n + 1);
        }
    }
}
