using System.Runtime.CompilerServices;
using Granary.Rpc;

namespace Granary.Codec.Tests.Streams;

/// <summary>A streamed argument between a caller and a grain of the same process.</summary>
public sealed class RpcStreamTests
{
    [Fact]
    public async Task The_grain_reads_what_the_caller_has_in_order()
    {
        var stream = RpcStream.From(Enumerable.Range(0, 1000));
        Assert.Equal(Enumerable.Range(0, 1000), await stream.ReadAll());
    }

    [Fact]
    public async Task A_writer_fills_a_stream_while_it_is_read()
    {
        var writer = new RpcStreamWriter<double>();
        var reading = Task.Run(() => writer.Stream.ReadAll());
        for (var i = 0; i < 1000; i++) Assert.True(await writer.WriteAsync(i));
        writer.Complete();

        Assert.Equal(499_500, (await reading).Sum());
    }

    [Fact]
    public async Task The_caller_is_never_more_than_64_items_ahead()
    {
        var made = 0;
        var stream = RpcStream.From(Items());
        await using var reader = stream.GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync());
        for (var i = 0; i < 200; i++)
        {
            Assert.InRange(Volatile.Read(ref made), i, i + 65);
            Assert.Equal(i, reader.Current);
            Assert.True(await reader.MoveNextAsync());
        }

        async IAsyncEnumerable<int> Items()
        {
            while (true)
            {
                await Task.Yield();
                yield return made++;
            }
        }
    }

    [Fact]
    public async Task A_full_buffer_holds_the_writer_until_there_is_space()
    {
        var writer = new RpcStreamWriter<int>();
        for (var i = 0; i < 64; i++) Assert.True(writer.WriteAsync(i).IsCompletedSuccessfully);
        var waiting = writer.WriteAsync(64);
        Assert.False(waiting.IsCompleted);
        Assert.Throws<InvalidOperationException>(() => { _ = writer.WriteAsync(65); });

        await using var reader = writer.Stream.GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync());
        Assert.True(await waiting);
    }

    [Fact]
    public async Task Items_are_not_made_before_the_grain_reads()
    {
        var started = false;
        var stream = RpcStream.From(Items());
        stream.Close();
        await Task.Yield();
        Assert.False(started);

        async IAsyncEnumerable<int> Items()
        {
            started = true;
            await Task.Yield();
            yield return 1;
        }
    }

    [Fact]
    public async Task A_grain_that_stops_reading_stops_the_writer()
    {
        var writer = new RpcStreamWriter<int>();
        for (var i = 0; i < 64; i++) await writer.WriteAsync(i);
        var waiting = writer.WriteAsync(64).AsTask();
        await foreach (var item in writer.Stream)
        {
            if (item == 0) break;
        }

        // The one item that was read made space, so the write that waited may have gone in before the reader left.
        await waiting;
        Assert.False(await writer.WriteAsync(65));
        Assert.False(writer.Add(66));
        Assert.False(await writer.WaitForSpaceAsync());
    }

    [Fact]
    public async Task A_grain_that_stops_reading_ends_the_callers_iterator_even_while_it_waits()
    {
        var disposed = new TaskCompletionSource();
        var stream = RpcStream.From(Items());
        await foreach (var item in stream)
        {
            Assert.Equal(1, item);
            break;
        }

        await disposed.Task.Soon();

        async IAsyncEnumerable<int> Items([EnumeratorCancellation] CancellationToken cancellation = default)
        {
            try
            {
                yield return 1;
                await Task.Delay(Timeout.Infinite, cancellation);
                yield return 2;
            }
            finally
            {
                disposed.SetResult();
            }
        }
    }

    [Fact]
    public async Task The_end_of_the_call_ends_the_stream_on_both_sides()
    {
        var writer = new RpcStreamWriter<int>();
        var stream = writer.Stream;
        await writer.WriteAsync(1);
        await using var reader = stream.GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync());
        var reading = reader.MoveNextAsync().AsTask();
        stream.Close();
        stream.Close();

        Assert.False(await writer.WriteAsync(2));
        var error = await Assert.ThrowsAsync<RpcException>(() => reading.Soon());
        Assert.Equal(StatusCode.Cancelled, error.Code);
    }

    [Fact]
    public async Task The_end_of_the_call_ends_a_write_that_waits_for_space()
    {
        var writer = new RpcStreamWriter<int>();
        for (var i = 0; i < 64; i++) await writer.WriteAsync(i);
        var waiting = writer.WriteAsync(64).AsTask();
        writer.Stream.Close();
        Assert.False(await waiting.Soon());
    }

    [Fact]
    public async Task Items_that_were_dropped_when_the_call_ended_are_not_taken_for_the_end_of_the_stream()
    {
        var writer = new RpcStreamWriter<int>();
        await writer.WriteAsync(1);
        await writer.WriteAsync(2);
        writer.Complete();
        await using var reader = writer.Stream.GetAsyncEnumerator();
        await reader.MoveNextAsync();
        writer.Stream.Close();

        await Assert.ThrowsAsync<RpcException>(() => reader.MoveNextAsync().AsTask());
    }

    [Fact]
    public async Task The_callers_error_comes_after_the_items_before_it()
    {
        var writer = new RpcStreamWriter<int>();
        await writer.WriteAsync(1);
        writer.Complete(RpcException.Invalid("value", "must be positive"));
        writer.Complete();

        await using var reader = writer.Stream.GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync());
        var error = await Assert.ThrowsAsync<RpcException>(() => reader.MoveNextAsync().AsTask());
        Assert.Equal(StatusCode.InvalidArgument, error.Code);
        Assert.Equal("value", Assert.Single(error.Violations).Field);
    }

    [Fact]
    public async Task An_iterators_own_exception_reaches_the_grain_without_its_text()
    {
        var stream = RpcStream.From(Items());
        await using var reader = stream.GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync());
        var error = await Assert.ThrowsAsync<RpcException>(() => reader.MoveNextAsync().AsTask());
        Assert.Equal((StatusCode.Internal, "internal error"), (error.Code, error.Message));

        static async IAsyncEnumerable<int> Items()
        {
            yield return 1;
            await Task.Yield();
            throw new InvalidOperationException("password=hunter2");
        }
    }

    [Fact]
    public async Task Cancelling_the_grains_wait_leaves_no_wait_behind()
    {
        var writer = new RpcStreamWriter<int>();
        using var cancel = new CancellationTokenSource();
        await using var reader = writer.Stream.GetAsyncEnumerator(cancel.Token);
        var reading = reader.MoveNextAsync().AsTask();
        await cancel.CancelAsync();

        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.Soon());
        Assert.Equal(cancel.Token, error.CancellationToken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reader.MoveNextAsync().AsTask());
        Assert.True(await writer.WriteAsync(1));
    }

    [Fact]
    public async Task Cancelling_a_write_that_waits_does_not_add_the_item()
    {
        var writer = new RpcStreamWriter<int>();
        for (var i = 0; i < 64; i++) await writer.WriteAsync(i);
        using var cancel = new CancellationTokenSource();
        var waiting = writer.WriteAsync(-1, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.Soon());
        writer.Complete();

        Assert.Equal(Enumerable.Range(0, 64), await writer.Stream.ReadAll());
    }

    [Fact]
    public async Task Cancellation_and_the_other_side_race_without_losing_an_item_or_a_wake_up()
    {
        var writer = new RpcStreamWriter<int>();
        var buffer = writer.Stream;
        var written = 0;
        var producer = Task.Run(async () =>
        {
            for (var i = 0; i < 3000; i++)
            {
                using var cancel = new CancellationTokenSource();
                var write = writer.WriteAsync(written, cancel.Token);
                if (!write.IsCompleted) _ = Task.Run(cancel.Cancel);
                try
                {
                    if (await write) written++;
                }
                catch (OperationCanceledException)
                {
                    // Not added; the same number is tried again.
                }
            }

            writer.Complete();
        });

        var items = await buffer.ReadAll().Soon();
        await producer;
        Assert.Equal(Enumerable.Range(0, written), items);
    }

    [Fact]
    public async Task A_stream_is_enumerated_once()
    {
        var stream = RpcStream.From([1, 2]);
        await stream.ReadAll();
        Assert.Contains("once", Assert.Throws<InvalidOperationException>(() => stream.GetAsyncEnumerator()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Items_are_copies()
    {
        var writer = new RpcStreamWriter<byte[]>();
        byte[] item = [1, 2, 3];
        await writer.WriteAsync(item);
        item[0] = 9;
        writer.Complete();
        Assert.Equal([1, 2, 3], (await writer.Stream.ReadAll()).Single());

        byte[] shared = [1];
        var received = (await RpcStream.From([shared]).ReadAll()).Single();
        Assert.NotSame(shared, received);
    }

    [Fact]
    public async Task Items_that_wait_for_space_are_copied_before_they_wait()
    {
        var writer = new RpcStreamWriter<byte[]>();
        for (var i = 0; i < 64; i++) await writer.WriteAsync([0]);
        byte[] item = [1];
        var waiting = writer.WriteAsync(item).AsTask();
        item[0] = 9;
        var reading = writer.Stream.ReadAll();
        await waiting;
        writer.Complete();

        Assert.Equal([1], (await reading)[^1]);
    }

    [Fact]
    public async Task The_callers_iterator_runs_where_the_stream_was_made_with_what_was_ambient_there()
    {
        var ambient = new AsyncLocal<string> { Value = "caller" };
        var context = new RecordingContext();
        var before = SynchronizationContext.Current;
        RpcStream<(string?, bool)> stream;
        try
        {
            SynchronizationContext.SetSynchronizationContext(context);
            stream = RpcStream<(string?, bool)>.From(Items());
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }

        ambient.Value = "grain";
        RpcItemCodec<(string?, bool)>.Register(new NoCodec<(string?, bool)>());
        var items = await Task.Run(() => stream.ReadAll());
        Assert.Equal([("caller", true), ("caller", true)], items);

        async IAsyncEnumerable<(string?, bool)> Items()
        {
            yield return (ambient.Value, context.IsHere);
            await Task.Yield();
            yield return (ambient.Value, context.IsHere);
        }
    }

    [Fact]
    public async Task The_callers_iterator_runs_on_the_task_scheduler_the_stream_was_made_on()
    {
        var scheduler = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;
        RpcItemCodec<bool>.Instance.ToString();
        var stream = await Task.Factory.StartNew(() => RpcStream.From(Items()), CancellationToken.None, TaskCreationOptions.None, scheduler);
        Assert.Equal([true, true], await stream.ReadAll());

        async IAsyncEnumerable<bool> Items()
        {
            yield return TaskScheduler.Current == scheduler;
            await Task.Yield();
            yield return TaskScheduler.Current == scheduler;
        }
    }

    [Fact]
    public void Writing_after_completing_is_a_mistake()
    {
        var writer = new RpcStreamWriter<int>();
        writer.Complete();
        Assert.Throws<InvalidOperationException>(() => { _ = writer.WriteAsync(1); });
        Assert.Throws<InvalidOperationException>(() => writer.Add(1));
    }

    [Fact]
    public void Adding_without_space_is_a_mistake_that_says_so()
    {
        var writer = new RpcStreamWriter<int>();
        for (var i = 0; i < 64; i++) Assert.True(writer.Add(i));
        Assert.Contains("WaitForSpaceAsync", Assert.Throws<InvalidOperationException>(() => writer.Add(64)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_steady_stream_allocates_nothing_per_item()
    {
        var writer = new RpcStreamWriter<int>();
        await using var reader = writer.Stream.GetAsyncEnumerator();
        var before = 0L;
        for (var i = 0; i < 2000; i++)
        {
            if (i == 1000) before = GC.GetAllocatedBytesForCurrentThread();
            var write = writer.WriteAsync(i);
            Assert.True(write.IsCompletedSuccessfully);
            Assert.True(await write);
            var read = reader.MoveNextAsync();
            Assert.True(read.IsCompletedSuccessfully);
            Assert.True(await read);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    private sealed class RecordingContext : SynchronizationContext
    {
        [ThreadStatic]
        private static RecordingContext? s_here;

        public bool IsHere => s_here == this;

        public override void Post(SendOrPostCallback d, object? state) => ThreadPool.QueueUserWorkItem(_ =>
        {
            var before = Current;
            SetSynchronizationContext(this);
            s_here = this;
            try
            {
                d(state);
            }
            finally
            {
                s_here = null;
                SetSynchronizationContext(before);
            }
        });
    }
}
