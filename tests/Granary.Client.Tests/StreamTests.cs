using Granary.Client.Tests.Support;
using Granary.Rpc;

namespace Granary.Client.Tests;

/// <summary>Streams in both directions, through a gateway on a real socket.</summary>
public sealed class StreamTests : IAsyncLifetime
{
    private GatewayHost _host = null!;
    private GranaryClient _client = null!;

    private IProbeGrain Probe => _client.GetGrain<IProbeGrain>("a");

    public async Task InitializeAsync()
    {
        _host = await GatewayHost.StartAsync();
        _client = _host.Client();
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Results_stream_in_order()
    {
        Assert.Equal(Enumerable.Range(1, 1000).Select(i => (long)i), await ReadAsync(Probe.Count(1000)));
        Assert.Empty(await ReadAsync(Probe.Count(0)));
    }

    [Fact]
    public async Task A_stream_may_be_enumerated_again_as_a_call_of_its_own()
    {
        var count = Probe.Count(3);
        Assert.Equal([1L, 2, 3], await ReadAsync(count));
        Assert.Equal([1L, 2, 3], await ReadAsync(count));
    }

    [Fact]
    public async Task An_error_comes_after_the_items_before_it()
    {
        var items = new List<long>();
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            await foreach (var item in Probe.Break(3, "NotFound")) items.Add(item);
        });
        Assert.Equal(StatusCode.NotFound, error.Code);
        Assert.Equal([1L, 2, 3], items);
    }

    [Fact]
    public async Task Items_stream_to_the_grain()
    {
        Assert.Equal(10.5, await Probe.Sum(RpcStream.From([1.5, 0, 4]), 5));
        Assert.Equal(5, await Probe.Sum(RpcStream.From(Array.Empty<double>()), 5));
        Assert.Equal(500_500, await Probe.Sum(RpcStream.From(Enumerable.Range(1, 1000).Select(i => (double)i))));
    }

    [Fact]
    public async Task Both_directions_flow_at_once()
    {
        var answered = new SemaphoreSlim(0);
        var sums = new List<double>();
        await foreach (var sum in Probe.RunningSum(RpcStream.From(OneByOne())))
        {
            sums.Add(sum);
            answered.Release();
        }

        Assert.Equal([1d, 3, 6, 10], sums);

        // Each item is only made when the answer to the one before has arrived.
        async IAsyncEnumerable<double> OneByOne()
        {
            for (var i = 1; i <= 4; i++)
            {
                yield return i;
                await answered.WaitAsync();
            }
        }
    }

    [Fact]
    public async Task A_grain_that_has_enough_stops_its_caller()
    {
        var stopped = new TaskCompletionSource();
        Assert.Equal(3, await Probe.TakeUntilHeavy(RpcStream.From(Parcels())));
        await stopped.Task.Within();

        async IAsyncEnumerable<Parcel> Parcels()
        {
            try
            {
                for (var i = 1; ; i++)
                {
                    yield return new Parcel { To = "x", Weight = i == 3 ? 1000 : 1 };
                    await Task.Yield();
                }
            }
            finally
            {
                stopped.TrySetResult();
            }
        }
    }

    [Fact]
    public async Task An_error_of_the_callers_own_items_is_what_the_caller_gets()
    {
        await Assert.ThrowsAsync<NotImplementedException>(() => Probe.Sum(RpcStream.From(Failing())));

        static async IAsyncEnumerable<double> Failing()
        {
            yield return 1;
            await Task.Yield();
            throw new NotImplementedException("mine");
        }
    }

    [Fact]
    public async Task A_reader_that_stops_stops_the_grain()
    {
        await foreach (var text in Probe.Flood())
        {
            Assert.Equal(32 * 1024, text.Length);
            break;
        }

        await _host.Grains.Ended.Task.Within();
    }

    [Fact]
    public async Task A_slow_reader_holds_the_grain_back()
    {
        await using var flood = Probe.Flood().GetAsyncEnumerator();
        Assert.True(await flood.MoveNextAsync());
        await _host.Grains.HeldBackAsync();
    }

    [Fact]
    public async Task A_slow_grain_holds_its_caller_back()
    {
        const int Many = 5_000_000;
        var made = 0;
        using var cancel = new CancellationTokenSource();
        var call = Probe.Hesitate(RpcStream.From(Numbers()), cancel.Token);
        await _host.Grains.Begun.Task.Within();
        var seen = -1;
        for (var quiet = 0; quiet < 10; quiet = seen > 0 && Volatile.Read(ref made) == seen ? quiet + 1 : 0)
        {
            seen = Volatile.Read(ref made);
            await Task.Delay(50);
        }

        Assert.InRange(seen, 1, Many / 2);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);

        async IAsyncEnumerable<double> Numbers()
        {
            for (var i = 0; i < Many; i++)
            {
                Interlocked.Increment(ref made);
                yield return i;
                if (i % 100 == 0) await Task.Yield();
            }
        }
    }

    private static async Task<List<T>> ReadAsync<T>(IAsyncEnumerable<T> items)
    {
        var read = new List<T>();
        await foreach (var item in items) read.Add(item);
        return read;
    }
}
