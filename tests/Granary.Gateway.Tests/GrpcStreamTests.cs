using Granary.Gateway.Tests.Support;
using Granary.Rpc;

namespace Granary.Gateway.Tests;

/// <summary>gRPC's three kinds of streams: order, ends, errors, who holds whom back, and who is told when somebody leaves.</summary>
public sealed class GrpcStreamTests : IAsyncLifetime
{
    private GatewayHost _host = null!;
    private GrpcClient _client = null!;

    public async Task InitializeAsync()
    {
        _host = await GatewayHost.StartAsync(options => options.Limits.BodyBytes = 64 * 1024);
        _client = new GrpcClient(_host);
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(5000)]
    public async Task A_stream_of_results_comes_in_order(int count)
    {
        var answer = (await _client.CallAsync("Count", GrpcClient.Number(count))).Ok();
        Assert.Equal(Enumerable.Range(1, count).Select(i => (long)i), answer.Messages.Select(GrpcClient.Integer));
        Assert.False(answer.IsTrailersOnly);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task An_error_in_a_stream_follows_what_came_before_it(int after)
    {
        var answer = (await _client.CallAsync("Break", Broken(after, "InvalidArgument"))).Failed(StatusCode.InvalidArgument, "told to");
        Assert.Equal(after, answer.Messages.Count);
        Assert.Equal("how", Assert.Single(answer.Details!.Violations).Field);
    }

    [Fact]
    public async Task A_stream_ends_at_its_deadline()
    {
        _client.Headers["grpc-timeout"] = "100m";
        (await _client.CallAsync("Live", GrpcClient.Keyed())).Failed(StatusCode.DeadlineExceeded);
        await _host.Grains.Ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task The_head_of_a_stream_does_not_wait_for_its_first_item()
    {
        var (response, _) = await _client.OpenAsync("Live", GrpcClient.Frame(GrpcClient.Keyed()), complete: true).WaitAsync(TimeSpan.FromSeconds(30));
        response.Dispose();
        await _host.Grains.Ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_caller_who_leaves_a_stream_ends_the_grains()
    {
        await _host.Grains.Live.Writer.WriteAsync(new Parcel { To = "x" });
        var (response, _) = await _client.OpenAsync("Live", GrpcClient.Frame(GrpcClient.Keyed()), complete: true);
        using (response) await (await response.Content.ReadAsStreamAsync()).ReadExactlyAsync(new byte[5]);
        await _host.Grains.Ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_caller_who_does_not_read_holds_the_grain_back()
    {
        var (response, _) = await _client.OpenAsync("Flood", GrpcClient.Frame(GrpcClient.Keyed()), complete: true);
        using (response)
        {
            // It stands still once the windows of HTTP/2 are full, here and with the caller; a few megabytes at most.
            var before = -1;
            while (before != Volatile.Read(ref _host.Grains.Flooded))
            {
                before = Volatile.Read(ref _host.Grains.Flooded);
                await Task.Delay(300);
            }

            Assert.InRange(before, 1, 1000);
            var stream = await response.Content.ReadAsStreamAsync();
            await stream.ReadExactlyAsync(new byte[8 * 1024 * 1024]);
            Assert.True(Volatile.Read(ref _host.Grains.Flooded) > before);
        }

        await _host.Grains.Ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Theory]
    [InlineData(new double[0], 0)]
    [InlineData(new double[] { 1, 2, 3 }, 6)]
    [InlineData(new double[] { 0, 0, -1 }, -1)]
    public async Task A_callers_stream_is_answered_once(double[] items, double sum)
    {
        byte[][] messages = [GrpcClient.Keyed(), .. items.Select(Item)];
        Assert.Equal(sum, GrpcClient.Double(Assert.Single((await _client.CallAsync("Sum", messages)).Ok().Messages)));
    }

    [Fact]
    public async Task The_first_message_may_carry_arguments_and_an_item()
    {
        var first = GrpcClient.Keyed((ref writer) =>
        {
            writer.WriteTag(25);
            writer.WriteDouble(100);
            writer.WriteTag(33);
            writer.WriteDouble(1);
        });
        Assert.Equal(103, GrpcClient.Double((await _client.CallAsync("Sum", first, ItemAt(4, 2))).Ok().Messages[0]));
    }

    [Fact]
    public async Task A_long_stream_of_the_callers_arrives()
    {
        byte[][] messages = [GrpcClient.Keyed(), .. Enumerable.Range(1, 20_000).Select(i => Item(i))];
        Assert.Equal(200_010_000, GrpcClient.Double((await _client.CallAsync("Sum", messages)).Ok().Messages[0]));
    }

    [Fact]
    public async Task A_callers_stream_may_be_compressed()
    {
        _client.Headers["grpc-encoding"] = "gzip";
        byte[] body = [.. GrpcClient.Frame(GrpcClient.Keyed()), .. GrpcClient.Frame(GrpcClient.Zip(Item(4)), 1), .. GrpcClient.Frame(Item(5))];
        Assert.Equal(9, GrpcClient.Double((await _client.SendAsync("Sum", body)).Ok().Messages[0]));
    }

    [Fact]
    public async Task A_callers_stream_without_a_message_has_no_key() => (await _client.SendAsync("Sum", [])).Failed(StatusCode.InvalidArgument, "key");

    [Fact]
    public async Task A_later_message_without_an_item_is_named() => (await _client.CallAsync("Sum", GrpcClient.Keyed(), Item(1), [])).Failed(StatusCode.InvalidArgument, "message 3");

    [Fact]
    public async Task A_later_message_that_is_none_is_named() => (await _client.CallAsync("Sum", GrpcClient.Keyed(), Item(1), [0xff])).Failed(StatusCode.InvalidArgument, "message 3");

    [Fact]
    public async Task A_stream_that_breaks_off_in_a_message_is_internal() =>
        (await _client.SendAsync("Sum", [.. GrpcClient.Frame(GrpcClient.Keyed()), .. GrpcClient.Frame(Item(1))[..^2]])).Failed(StatusCode.Internal, "of the");

    [Fact]
    public async Task A_message_over_the_limit_ends_the_stream()
    {
        byte[] body = [.. GrpcClient.Frame(GrpcClient.Keyed()), .. GrpcClient.Frame(new byte[65 * 1024])];
        (await _client.SendAsync("Sum", body)).Failed(StatusCode.ResourceExhausted, "65536");
    }

    [Fact]
    public async Task Each_message_of_a_bidirectional_stream_is_answered_while_it_goes_on()
    {
        var (response, sending) = await _client.OpenAsync("RunningSum", GrpcClient.Frame(GrpcClient.Keyed()));
        using var answer = response;
        var stream = await response.Content.ReadAsStreamAsync();
        var sum = 0.0;
        foreach (var number in new[] { 5.0, 6, -11, 7 })
        {
            sending.TryWrite(GrpcClient.Frame(ItemAt(2, number)));
            sum += number;
            Assert.Equal(sum, GrpcClient.Double(await ReadMessageAsync(stream)));
        }

        sending.Complete();
        Assert.Equal(0, await stream.ReadAsync(new byte[1]));
        Assert.Equal("0", string.Join(',', response.TrailingHeaders.GetValues("grpc-status")));
    }

    [Fact]
    public async Task A_bidirectional_stream_may_be_empty()
    {
        Assert.Empty((await _client.CallAsync("RunningSum", GrpcClient.Keyed())).Ok().Messages);
    }

    [Fact]
    public async Task A_grain_that_has_enough_need_not_wait_for_the_rest()
    {
        var (response, sending) = await _client.OpenAsync("TakeUntilHeavy", [.. GrpcClient.Frame(GrpcClient.Keyed()), .. GrpcClient.Frame(Heavy())]).WaitAsync(TimeSpan.FromSeconds(30));
        using (response)
        {
            var stream = await response.Content.ReadAsStreamAsync();
            Assert.Equal(1, GrpcClient.Integer(await ReadMessageAsync(stream)));
            sending.Complete();
        }
    }

    [Fact]
    public async Task A_grain_that_does_not_read_holds_the_caller_back()
    {
        var (response, sending) = await _client.OpenAsync("RunningSum", GrpcClient.Frame(GrpcClient.Keyed()));
        using (response)
        {
            // Nobody reads the answers, so that the grain stops at some point, and then so must what is sent.
            var frame = Enumerable.Range(0, 4000).SelectMany(i => GrpcClient.Frame(ItemAt(2, i))).ToArray();
            for (var i = 0; i < 50; i++) sending.TryWrite(frame);
            sending.Complete();

            var stream = await response.Content.ReadAsStreamAsync();
            var total = 0;
            for (var i = 0; i < 50 * 4000; i++)
            {
                await ReadMessageAsync(stream);
                total++;
            }

            Assert.Equal(200_000, total);
        }
    }

    [Fact]
    public async Task A_caller_who_breaks_off_his_stream_ends_the_call()
    {
        using var cancel = new CancellationTokenSource();
        var opening = _client.OpenAsync("Sum", GrpcClient.Frame(GrpcClient.Keyed()), cancel.Token);
        await _host.Grains.Begun.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening);
        (await _client.CallAsync("Multiply", GrpcClient.Multiply(7, 8))).Ok();
    }

    [Fact]
    public async Task Many_streams_share_a_connection()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => _client.CallAsync("Count", GrpcClient.Number(i))));
        for (var i = 0; i < answers.Length; i++) Assert.Equal(i, answers[i].Ok().Messages.Count);
    }

    private static byte[] Item(double value) => ItemAt(4, value);

    private static byte[] ItemAt(int field, double value) => GrpcClient.Message((ref writer) =>
    {
        writer.WriteTag((uint)((field << 3) | 1));
        writer.WriteDouble(value);
    });

    private static byte[] Heavy() => GrpcClient.Message((ref writer) =>
    {
        var start = writer.BeginMessage(18);
        writer.WriteTag(10);
        writer.WriteString("x");
        writer.WriteTag(17);
        writer.WriteDouble(101);
        writer.EndMessage(start);
    });

    private static byte[] Broken(int after, string how) => GrpcClient.Keyed((ref writer) =>
    {
        writer.WriteTag(16);
        writer.WriteInt32(after);
        writer.WriteTag(26);
        writer.WriteString(how);
    });

    private static async Task<byte[]> ReadMessageAsync(Stream stream)
    {
        var head = new byte[5];
        await stream.ReadExactlyAsync(head).AsTask().WaitAsync(TimeSpan.FromSeconds(60));
        var message = new byte[(head[3] << 8) + head[4]];
        await stream.ReadExactlyAsync(message).AsTask().WaitAsync(TimeSpan.FromSeconds(60));
        return message;
    }
}
