using Granary.Rpc;

namespace Granary.Codec.Tests.Streams;

/// <summary>A streamed argument between processes: the grain's side has only the source to pull from. The wire between them is a copy of each batch.</summary>
public sealed class PulledStreamTests
{
    [Fact]
    public async Task The_grain_reads_what_the_caller_has_in_order()
    {
        var stream = RpcStream.From(Enumerable.Range(0, 1000));
        Assert.Equal(Enumerable.Range(0, 1000), await Remote(stream).ReadAll());
    }

    [Fact]
    public async Task Items_of_every_scalar_type_cross()
    {
        await Crosses(true, false);
        await Crosses(0, 1, -1, int.MinValue);
        await Crosses(0u, uint.MaxValue);
        await Crosses(0L, long.MinValue);
        await Crosses(0ul, ulong.MaxValue);
        await Crosses(0f, -0f, float.NaN);
        await Crosses(0d, -0d, double.Epsilon);
        await Crosses("", "€", new string('x', 1000));
        await Crosses(0m, 1.10m);
        await Crosses(Guid.Empty, Guid.NewGuid());
        await Crosses(TimeSpan.Zero, TimeSpan.MinValue);
        await Crosses(DateTime.UnixEpoch, DateTime.MaxValue);
        await Crosses(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue);
        await Crosses<byte[]>([], [1, 2]);

        static async Task Crosses<T>(params T[] items) => Assert.Equal(items, await Remote(RpcStream.From(items)).ReadAll());
    }

    [Fact]
    public async Task A_batch_holds_what_is_there_and_no_more_than_asked()
    {
        var writer = new RpcStreamWriter<int>();
        for (var i = 0; i < 10; i++) await writer.WriteAsync(i);
        var source = writer.Stream.Source;

        Assert.Equal(4, (await source.Pull(4)).Count);
        Assert.Equal(6, (await source.Pull(64)).Count);
        var waiting = source.Pull(64);
        Assert.False(waiting.IsCompleted);
        await writer.WriteAsync(10);
        Assert.Equal(1, (await waiting.Soon()).Count);
        await writer.WriteAsync(11);
        writer.Complete();
        var last = await source.Pull(64);
        Assert.Equal((1, true), (last.Count, last.Completed));
        Assert.True((await source.Pull(64)).Completed);
    }

    [Fact]
    public async Task Large_items_come_in_small_batches()
    {
        var writer = new RpcStreamWriter<byte[]>();
        for (var i = 0; i < 10; i++) await writer.WriteAsync(new byte[40_000]);
        writer.Complete();
        Assert.Equal(2, (await writer.Stream.Source.Pull(64)).Count);
        Assert.Equal(8, (await Remote(writer.Stream).ReadAll()).Count);
    }

    [Fact]
    public async Task A_slow_caller_answers_an_empty_batch_rather_than_looking_dead()
    {
        var time = new ManualTime();
        var local = new LocalStream<int>(pump: null, time);
        var pull = local.Pull(64);
        Assert.False(pull.IsCompleted);
        time.Advance(LocalStream<int>.LongestPull);

        var batch = await pull.Soon();
        Assert.Equal((0, false), (batch.Count, batch.Completed));
        local.Buffer.Add(1);
        Assert.Equal(1, (await local.Pull(64)).Count);
    }

    [Fact]
    public async Task An_empty_batch_is_pulled_again()
    {
        var source = new ScriptedSource(new RpcBatch(), new RpcBatch(), new RpcBatch { Items = [2, 8, 7], Count = 1 }, new RpcBatch { Completed = true });
        Assert.Equal([7], await RpcStream<int>.FromSource(source).ReadAll());
        Assert.False(source.Cancelled);
    }

    [Fact]
    public async Task Two_pulls_at_once_are_a_mistake()
    {
        var writer = new RpcStreamWriter<int>();
        var first = writer.Stream.Source.Pull(1);
        await Assert.ThrowsAsync<InvalidOperationException>(() => writer.Stream.Source.Pull(1));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => writer.Stream.Source.Pull(0));
        writer.Complete();
        Assert.True((await first).Completed);
    }

    [Fact]
    public async Task A_grain_that_stops_reading_stops_the_caller()
    {
        var writer = new RpcStreamWriter<int>();
        for (var i = 0; i < 64; i++) await writer.WriteAsync(i);
        await foreach (var item in Remote(writer.Stream))
        {
            if (item == 3) break;
        }

        Assert.False(await writer.WriteAsync(65));
    }

    [Fact]
    public async Task A_grain_that_stops_reading_does_not_wait_for_a_caller_that_is_gone()
    {
        var source = new ScriptedSource(new RpcBatch { Items = [2, 8, 7], Count = 1 }) { CancelAnswer = new TaskCompletionSource().Task };
        await using (var reader = RpcStream<int>.FromSource(source).GetAsyncEnumerator())
        {
            Assert.True(await reader.MoveNextAsync());
        }

        Assert.True(source.Cancelled);

        var failing = new ScriptedSource(new RpcBatch { Items = [2, 8, 7], Count = 1 }) { CancelAnswer = Task.FromException(new TimeoutException()) };
        await using (var reader = RpcStream<int>.FromSource(failing).GetAsyncEnumerator())
        {
            Assert.True(await reader.MoveNextAsync());
        }
    }

    [Fact]
    public async Task The_callers_error_crosses_with_its_details_after_the_items_before_it()
    {
        var writer = new RpcStreamWriter<int>();
        await writer.WriteAsync(1);
        writer.Complete(RpcException.Invalid("value", "must be positive"));
        await using var reader = Remote(writer.Stream).GetAsyncEnumerator();

        Assert.True(await reader.MoveNextAsync());
        var error = await Assert.ThrowsAsync<RpcException>(() => reader.MoveNextAsync().AsTask());
        Assert.Equal(StatusCode.InvalidArgument, error.Code);
        Assert.Equal("value", Assert.Single(error.Violations).Field);
    }

    [Fact]
    public async Task A_caller_whose_call_ended_says_so_to_a_grain_that_still_reads()
    {
        var writer = new RpcStreamWriter<int>();
        var remote = Remote(writer.Stream);
        writer.Stream.Close();
        await using var reader = remote.GetAsyncEnumerator();
        var error = await Assert.ThrowsAsync<RpcException>(() => reader.MoveNextAsync().AsTask());
        Assert.Equal(StatusCode.Cancelled, error.Code);
    }

    [Fact]
    public async Task Cancelling_the_grain_ends_its_wait_for_the_caller()
    {
        using var cancel = new CancellationTokenSource();
        var writer = new RpcStreamWriter<int>();
        var reading = Remote(writer.Stream).GetAsyncEnumerator(cancel.Token).MoveNextAsync().AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.Soon());
    }

    [Theory]
    [InlineData("05")]
    [InlineData("FFFFFFFF0F")]
    [InlineData("020A05")]
    public async Task Damaged_batches_end_in_a_clean_error(string items)
    {
        var source = new ScriptedSource(new RpcBatch { Items = Convert.FromHexString(items), Count = 1 });
        await using var reader = RpcStream<string>.FromSource(source).GetAsyncEnumerator();
        await Assert.ThrowsAsync<WireFormatException>(() => reader.MoveNextAsync().AsTask());
    }

    [Fact]
    public void A_stream_is_bound_to_a_reference_once_and_let_go_once()
    {
        var (factory, log) = ReferenceFactory.Create();
        var writer = new RpcStreamWriter<int>();
        IRpcStream stream = writer.Stream;
        var local = stream.Source;
        stream.Bind(factory);
        stream.Bind(factory);
        Assert.Equal([local], log.Referenced);
        var reference = stream.Source;
        Assert.NotSame(local, reference);
        stream.Close();
        stream.Close();
        Assert.Equal([reference], log.Deleted);

        IRpcStream received = RpcStream<int>.FromSource(new ScriptedSource());
        received.Bind(factory);
        received.Close();
        Assert.Single(log.Referenced);
    }

    [Fact]
    public void A_batch_crosses_whole()
    {
        var batch = new RpcBatch { Items = [1, 2, 3], Count = 2, Completed = true, Error = [] };
        var back = Wired(batch);
        Assert.Equal(batch.Items, back.Items);
        Assert.Equal((2, true), (back.Count, back.Completed));
        Assert.Empty(back.Error!);
        Assert.Null(Wired(new RpcBatch()).Error);
    }

    /// <summary>The same stream as the other process sees it.</summary>
    private static RpcStream<T> Remote<T>(RpcStream<T> stream) => RpcStream<T>.FromSource(new WiredSource(stream.Source));

    private static RpcBatch Wired(RpcBatch batch)
    {
        var bytes = Support.Wire.Ours((ref w) => MessageCodec<RpcBatch>.Instance.Write(ref w, batch));
        return Support.Wire.Read(bytes, (ref r) => MessageCodec<RpcBatch>.Instance.Read(ref r));
    }

    private sealed class WiredSource(IRpcStreamSource source) : IRpcStreamSource
    {
        public async Task<RpcBatch> Pull(int max) => Wired(await source.Pull(max));

        public Task Cancel() => source.Cancel();
    }

    private sealed class ScriptedSource(params RpcBatch[] batches) : IRpcStreamSource
    {
        private int _next;

        public bool Cancelled { get; private set; }

        public Task CancelAnswer { get; init; } = Task.CompletedTask;

        public Task<RpcBatch> Pull(int max) => Task.FromResult(batches[_next++]);

        public Task Cancel()
        {
            Cancelled = true;
            return CancelAnswer;
        }
    }
}
