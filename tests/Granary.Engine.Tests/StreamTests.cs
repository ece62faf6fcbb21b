using System.Runtime.CompilerServices;
using Granary.Rpc;

namespace Granary.Engine.Tests;

public interface IStreamGrain : IGrainWithStringKey
{
    /// <summary>Numbers without end; counts what it has produced.</summary>
    IAsyncEnumerable<long> Count(CancellationToken cancellation = default);

    IAsyncEnumerable<int> UpTo(int count);

    IAsyncEnumerable<int> FailAfter(int count);

    /// <summary>One item, then waits for its token.</summary>
    IAsyncEnumerable<int> One(string gate, CancellationToken cancellation = default);

    Task<long> Produced();

    Task<bool> IsDisposed();

    Task<double> Sum(RpcStream<double> numbers, CancellationToken cancellation = default);

    IAsyncEnumerable<double> RunningSum(RpcStream<double> numbers, CancellationToken cancellation = default);

    Task<double> FirstOf(RpcStream<double> numbers);

    /// <summary>Reads once the gate is open.</summary>
    Task<double> SumAfter(string gate, RpcStream<double> numbers);
}

public class StreamGrain : Grain, IStreamGrain
{
    private long _produced;
    private bool _disposed;

    public async IAsyncEnumerable<long> Count([EnumeratorCancellation] CancellationToken cancellation)
    {
        try
        {
            for (long i = 0; ; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                _produced++;
                yield return i;
                await Task.Yield();
            }
        }
        finally
        {
            _disposed = true;
        }
    }

    public async IAsyncEnumerable<int> UpTo(int count)
    {
        for (var i = 0; i < count; i++) yield return i;
        await Task.CompletedTask;
    }

    public async IAsyncEnumerable<int> FailAfter(int count)
    {
        for (var i = 0; i < count; i++) yield return i;
        await Task.Yield();
        throw new SampleException("the stream broke");
    }

    public async IAsyncEnumerable<int> One(string gate, [EnumeratorCancellation] CancellationToken cancellation)
    {
        try
        {
            yield return 1;
            _ = Gates.Get(gate).Wait();
            await Task.Delay(Timeout.Infinite, cancellation);
        }
        finally
        {
            _ = Gates.Get(gate + "-disposed").Wait();
            _disposed = true;
        }
    }

    public Task<long> Produced() => Task.FromResult(_produced);

    public Task<bool> IsDisposed() => Task.FromResult(_disposed);

    public async Task<double> Sum(RpcStream<double> numbers, CancellationToken cancellation)
    {
        var sum = 0.0;
        await foreach (var number in numbers.WithCancellation(cancellation)) sum += number;
        return sum;
    }

    public async IAsyncEnumerable<double> RunningSum(RpcStream<double> numbers, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var sum = 0.0;
        await foreach (var number in numbers.WithCancellation(cancellation))
        {
            sum += number;
            yield return sum;
        }
    }

    public async Task<double> SumAfter(string gate, RpcStream<double> numbers)
    {
        await Gates.Get(gate).Wait();
        return await Sum(numbers, CancellationToken.None);
    }

    public async Task<double> FirstOf(RpcStream<double> numbers)
    {
        await foreach (var number in numbers) return number;
        return double.NaN;
    }
}

/// <summary>Streams in both directions: order, back-pressure, errors and prompt cleanup. On one silo and from a client over sockets.</summary>
public abstract class StreamTests
{
    private readonly string _key = Guid.NewGuid().ToString("N");

    protected abstract IGrainFactory Grains { get; }

    private IStreamGrain Grain => Grains.GetGrain<IStreamGrain>(_key);

    [Fact]
    public async Task Items_arrive_in_order_and_the_stream_ends()
    {
        var items = new List<int>();
        await foreach (var item in Grain.UpTo(1000)) items.Add(item);
        Assert.Equal(Enumerable.Range(0, 1000), items);
    }

    [Fact]
    public async Task A_reader_that_stops_reading_stops_the_producer()
    {
        var grain = Grain;
        await using var reader = grain.Count().GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync());
        // The producer runs into the window and waits: what it has produced no longer grows.
        long before = -1, now = 0;
        while (before != now)
        {
            before = now;
            for (var i = 0; i < 20; i++) now = await grain.Produced();
        }

        Assert.InRange(now, 1, 3 * 64);
        for (var i = 0; i < 500; i++) Assert.True(await reader.MoveNextAsync());
        Assert.Equal(500, reader.Current);
        Assert.InRange(await grain.Produced(), 500, 500 + (3 * 64));
    }

    [Fact]
    public async Task Leaving_the_loop_disposes_the_producer()
    {
        var grain = Grain;
        await foreach (var item in grain.One(_key))
        {
            Assert.Equal(1, item);
            break;
        }

        await Gates.Get(_key + "-disposed").Arrival();
        Assert.True(await grain.IsDisposed());
    }

    [Fact]
    public async Task Cancelling_ends_both_sides()
    {
        using var cancel = new CancellationTokenSource();
        var grain = Grain;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var item in grain.One(_key, cancel.Token)) await cancel.CancelAsync();
        });
        await Gates.Get(_key + "-disposed").Arrival();
    }

    [Fact]
    public async Task A_token_given_to_the_enumerator_works_too()
    {
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var item in Grain.One(_key).WithCancellation(cancel.Token)) await cancel.CancelAsync();
        });
        await Gates.Get(_key + "-disposed").Arrival();
    }

    [Fact]
    public async Task A_deadline_ends_a_stream()
    {
        using var deadline = RpcDeadline.Within(TimeSpan.FromSeconds(2));
        await Assert.ThrowsAsync<TimeoutException>(async () =>
        {
            await foreach (var item in Grain.One(_key)) Assert.Equal(1, item);
        });
        await Gates.Get(_key + "-disposed").Arrival();
    }

    [Fact]
    public async Task An_error_comes_after_the_items_before_it()
    {
        var items = new List<int>();
        var error = await Assert.ThrowsAsync<SampleException>(async () =>
        {
            await foreach (var item in Grain.FailAfter(3)) items.Add(item);
        });
        Assert.Equal([0, 1, 2], items);
        Assert.Equal("the stream broke", error.Message);
    }

    [Fact]
    public async Task A_stream_can_be_enumerated_again()
    {
        var stream = Grain.UpTo(3);
        for (var round = 0; round < 2; round++)
        {
            var items = new List<int>();
            await foreach (var item in stream) items.Add(item);
            Assert.Equal([0, 1, 2], items);
        }
    }

    [Fact]
    public async Task A_grain_reads_its_callers_stream()
    {
        Assert.Equal(500500.0, await Grain.Sum(RpcStream<double>.From(Numbers(1000))).WaitAsync(Gates.Within));
    }

    [Fact]
    public async Task A_callers_stream_lives_as_long_as_its_call()
    {
        // Of so many grains, some are asked for at a silo that sends the call on.
        var sums = Enumerable.Range(0, 8).Select(i => Grains.GetGrain<IStreamGrain>($"{_key}-{i}").SumAfter(_key, RpcStream<double>.From(Numbers(100)))).ToArray();
        for (var i = 0; i < sums.Length; i++) await Gates.Get(_key).Arrival();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Gates.Get(_key).Open();
        Assert.All(await Task.WhenAll(sums).WaitAsync(Gates.Within), sum => Assert.Equal(100 * 101 / 2, sum));
    }

    [Fact]
    public async Task Both_sides_stream_at_once()
    {
        var sums = new List<double>();
        await foreach (var sum in Grain.RunningSum(RpcStream<double>.From(Numbers(300)))) sums.Add(sum);
        Assert.Equal(300, sums.Count);
        Assert.Equal(300 * 301 / 2, sums[^1]);
    }

    [Fact]
    public async Task A_grain_that_stops_reading_ends_its_callers_stream()
    {
        var disposed = new TaskCompletionSource();
        async IAsyncEnumerable<double> Endless()
        {
            try
            {
                for (var i = 1.0; ; i++)
                {
                    yield return i;
                    await Task.Yield();
                }
            }
            finally
            {
                disposed.TrySetResult();
            }
        }

        Assert.Equal(1.0, await Grain.FirstOf(RpcStream<double>.From(Endless())).WaitAsync(Gates.Within));
        await disposed.Task.WaitAsync(Gates.Within);
    }

    [Fact]
    public async Task An_error_in_the_callers_stream_reaches_the_grain()
    {
        static async IAsyncEnumerable<double> Broken()
        {
            yield return 1;
            await Task.Yield();
            throw new RpcException(StatusCode.DataLoss, "the source broke");
        }

        var error = await Assert.ThrowsAsync<RpcException>(() => Grain.Sum(RpcStream<double>.From(Broken())).WaitAsync(Gates.Within));
        Assert.Equal(StatusCode.DataLoss, error.Code);
    }

    private static async IAsyncEnumerable<double> Numbers(int count)
    {
        for (var i = 1; i <= count; i++) yield return i;
        await Task.CompletedTask;
    }
}

public sealed class LocalStreamTests(LocalSilo silo) : StreamTests, IClassFixture<LocalSilo>
{
    protected override IGrainFactory Grains => silo.Grains;
}

public sealed class RemoteStreamTests(ThreeSilos silos) : StreamTests, IClassFixture<ThreeSilos>
{
    protected override IGrainFactory Grains => silos.Cluster.Client;
}
