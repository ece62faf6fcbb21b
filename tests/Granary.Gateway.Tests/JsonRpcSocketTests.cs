using System.Text.Json.Nodes;
using Granary.Gateway.Tests.Support;

namespace Granary.Gateway.Tests;

/// <summary>JSON-RPC 2.0 on a WebSocket: what POST does, streams, and many calls at once.</summary>
public sealed class JsonRpcSocketTests : IAsyncLifetime
{
    private GatewayHost _host = null!;

    public async Task InitializeAsync() => _host = await GatewayHost.StartAsync(options =>
    {
        options.Limits.BodyBytes = 8192;
        options.JsonRpc.MaxBatch = 20;
        options.WebSockets.MaxCallsInFlight = 4;
        options.WebSockets.MaxStreams = 3;
        options.RateLimits.Enabled = false;
    });

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","method":"probe.Multiply","params":["k",42,23],"id":1}""", """{"jsonrpc":"2.0","result":966,"id":1}""")]
    [InlineData("""{"jsonrpc":"2.0","method":"v1.probe.Key","params":{"key":"k"},"id":"x"}""", """{"jsonrpc":"2.0","result":"k","id":"x"}""")]
    [InlineData("""[{"jsonrpc":"2.0","method":"probe.Key","params":["k"],"id":1},{"jsonrpc":"2.0","method":"probe.Nothing","params":["k"]},{"jsonrpc":"2.0","method":"probe.Add","params":["k",1],"id":2}]""", """[{"jsonrpc":"2.0","result":"k","id":1},{"jsonrpc":"2.0","result":6,"id":2}]""")]
    public async Task Requests_and_batches_are_those_of_POST(string request, string response)
    {
        await using var socket = await ConnectAsync();
        await socket.SendAsync(request);
        Assert.Equal(response, await socket.ReceiveAsync());
    }

    [Theory]
    [InlineData("{", -32700)]
    [InlineData("", -32700)]
    [InlineData("[]", -32600)]
    [InlineData("1", -32600)]
    [InlineData("""{"jsonrpc":"2.0","method":"probe.None","id":1}""", -32601)]
    [InlineData("""{"jsonrpc":"2.0","method":"probe.Add","params":["k","x"],"id":1}""", -32602)]
    [InlineData("""{"jsonrpc":"2.0","method":"rpc.unheard","id":1}""", -32601)]
    [InlineData("""{"jsonrpc":"2.0","method":"rpc.cancel","id":1}""", -32602)]
    [InlineData("""{"jsonrpc":"2.0","method":"rpc.cancel","params":["x"],"id":1}""", -32602)]
    [InlineData("""{"jsonrpc":"2.0","method":"rpc.send","params":[1],"id":1}""", -32602)]
    [InlineData("""{"jsonrpc":"2.0","method":"rpc.end","params":{"subscription":1,"more":1},"id":1}""", -32602)]
    public async Task What_is_wrong_is_told_and_the_connection_goes_on(string message, int code)
    {
        await using var socket = await ConnectAsync();
        await socket.SendAsync(message);
        Assert.Equal(code, (int?)(await socket.ReceiveObjectAsync())["error"]!["code"]);
        Assert.Equal("k", (string?)await CallAsync(socket, "probe.Key", """["k"]"""));
    }

    [Fact]
    public async Task Notifications_are_not_answered()
    {
        await using var socket = await ConnectAsync();
        foreach (var method in new[] { "probe.None", "probe.Nothing", "probe.Count", "rpc.cancel", "rpc.unheard", "rpc.send" })
            await socket.SendAsync($$"""{"jsonrpc":"2.0","method":"{{method}}","params":["k"]}""");
        await socket.SendAsync("""{"jsonrpc":"2.0","method":"probe.Forget","params":["k","me"]}""");
        Assert.Equal("me", await _host.Grains.Forgotten.Task);
        Assert.Equal("k", (string?)await CallAsync(socket, "probe.Key", """["k"]"""));
    }

    [Fact]
    public async Task Answers_come_as_calls_end()
    {
        await using var socket = await ConnectAsync();
        await socket.SendAsync("""{"jsonrpc":"2.0","method":"probe.Wait","params":["k"],"id":"slow"}""");
        await _host.Grains.Begun.Task;
        Assert.Equal("k", (string?)await CallAsync(socket, "probe.Key", """["k"]"""));
    }

    [Fact]
    public async Task Beyond_the_calls_in_flight_the_connection_is_not_read_on_and_nothing_is_lost()
    {
        await using var socket = await ConnectAsync();
        var calls = Enumerable.Range(0, 2000).ToArray();
        var sending = Task.Run(async () =>
        {
            foreach (var i in calls) await socket.SendAsync($$"""{"jsonrpc":"2.0","method":"probe.Add","params":["k",{{i}},1],"id":{{i}}}""");
        });
        var results = new Dictionary<int, int>();
        while (results.Count < calls.Length)
        {
            var answer = await socket.ReceiveObjectAsync();
            results.Add((int)answer["id"]!, (int)answer["result"]!);
        }

        await sending;
        Assert.All(results, r => Assert.Equal(r.Key + 1, r.Value));
    }

    [Fact]
    public async Task While_as_many_calls_as_allowed_are_under_way_no_other_begins()
    {
        await using var socket = await ConnectAsync();
        for (var i = 0; i < 4; i++) await socket.SendAsync($$"""{"jsonrpc":"2.0","method":"probe.Hold","params":["k"],"id":{{i}}}""");
        await socket.SendAsync("""{"jsonrpc":"2.0","method":"probe.Key","params":["k"],"id":"after"}""");
        await _host.Grains.HeldAsync(4);
        _host.Grains.Go.TrySetResult();
        List<string> ids = [];
        for (var i = 0; i < 5; i++) ids.Add((await socket.ReceiveObjectAsync())["id"]!.ToString());
        Assert.NotEqual("after", ids[0]);
        Assert.Equal(["0", "1", "2", "3", "after"], ids.Order());
    }

    [Fact]
    public async Task A_stream_is_a_subscription_with_items_and_an_end()
    {
        await using var socket = await ConnectAsync();
        await socket.SendAsync("""{"jsonrpc":"2.0","method":"probe.Count","params":["k",2],"id":7}""");
        Assert.Equal("""{"jsonrpc":"2.0","result":1,"id":7}""", await socket.ReceiveAsync());
        Assert.Equal("""{"jsonrpc":"2.0","method":"rpc.item","params":{"subscription":1,"item":1}}""", await socket.ReceiveAsync());
        Assert.Equal("""{"jsonrpc":"2.0","method":"rpc.item","params":{"subscription":1,"item":2}}""", await socket.ReceiveAsync());
        Assert.Equal("""{"jsonrpc":"2.0","method":"rpc.end","params":{"subscription":1}}""", await socket.ReceiveAsync());
    }

    [Fact]
    public async Task An_error_within_a_stream_is_in_its_end()
    {
        await using var socket = await ConnectAsync();
        await socket.SendAsync("""{"jsonrpc":"2.0","method":"probe.Break","params":["k",1,"NotFound"],"id":7}""");
        Assert.Equal(1, (int?)(await socket.ReceiveObjectAsync())["result"]);
        Assert.Equal("rpc.item", (string?)(await socket.ReceiveObjectAsync())["method"]);
        var end = await socket.ReceiveObjectAsync();
        Assert.Equal("rpc.end", (string?)end["method"]);
        Assert.Equal(-32005, (int?)end["params"]!["error"]!["code"]);
        Assert.Matches("^[0-9a-f]{32}$", (string?)end["params"]!["error"]!["data"]!["traceId"]);
    }

    [Fact]
    public async Task A_stream_with_wrong_arguments_does_not_begin()
    {
        await using var socket = await ConnectAsync();
        await socket.SendAsync("""{"jsonrpc":"2.0","method":"probe.Count","params":["k","x"],"id":7}""");
        var answer = await socket.ReceiveObjectAsync();
        Assert.Equal(7, (int?)answer["id"]);
        Assert.Equal(-32602, (int?)answer["error"]!["code"]);
    }

    [Fact]
    public async Task Items_are_sent_and_become_one_result()
    {
        await using var socket = await ConnectAsync();
        var subscription = (int)(await CallAsync(socket, "probe.Sum", """{"key":"k","start":10,"item":1}"""))!;
        for (var i = 1; i <= 500; i++) await socket.SendAsync($$$"""{"jsonrpc":"2.0","method":"rpc.send","params":{"subscription":{{{subscription}}},"item":1}}""");
        await socket.SendAsync($$$"""{"jsonrpc":"2.0","method":"rpc.end","params":{"subscription":{{{subscription}}}}}""");
        Assert.Equal($$$"""{"jsonrpc":"2.0","method":"rpc.end","params":{"subscription":{{{subscription}}},"result":511}}""", await socket.ReceiveAsync());
    }

    [Fact]
    public async Task A_request_to_send_is_answered_when_the_item_was_taken()
    {
        await using var socket = await ConnectAsync();
        var subscription = (int)(await CallAsync(socket, "probe.TakeUntilHeavy", """["k"]"""))!;
        Assert.True((bool?)await CallAsync(socket, "rpc.send", $$"""[{{subscription}},{"to":"x"}]"""));
        await socket.SendAsync($$$"""{"jsonrpc":"2.0","method":"rpc.send","params":[{{{subscription}}},{"to":"x","weight":101}]}""");
        Assert.Equal(2, (int?)(await socket.ReceiveObjectAsync())["params"]!["result"]);
        Assert.False((bool?)await CallAsync(socket, "rpc.send", $$"""[{{subscription}},{"to":"x"}]"""));
        Assert.False((bool?)await CallAsync(socket, "rpc.cancel", "[99]"));
    }

    [Fact]
    public async Task Streams_of_both_directions_share_the_connection_with_calls()
    {
        await using var socket = await ConnectAsync();
        var one = (int)(await CallAsync(socket, "probe.RunningSum", """["k"]"""))!;
        var two = (int)(await CallAsync(socket, "probe.RunningSum", """["k"]"""))!;
        Assert.NotEqual(one, two);
        for (var i = 1; i <= 3; i++)
        {
            foreach (var (subscription, item) in new[] { (one, 1), (two, 10) })
            {
                await socket.SendAsync($$$"""{"jsonrpc":"2.0","method":"rpc.send","params":[{{{subscription}}},{{{item}}}]}""");
                var answer = await socket.ReceiveObjectAsync();
                Assert.Equal((subscription, item * i), ((int)answer["params"]!["subscription"]!, (int)answer["params"]!["item"]!));
                Assert.Equal("k", (string?)await CallAsync(socket, "probe.Key", """["k"]"""));
            }
        }
    }

    [Fact]
    public async Task An_item_that_does_not_fit_ends_the_stream_and_is_named()
    {
        await using var socket = await ConnectAsync();
        var subscription = (int)(await CallAsync(socket, "probe.Sum", """["k"]"""))!;
        await socket.SendAsync($$$"""{"jsonrpc":"2.0","method":"rpc.send","params":[{{{subscription}}},1]}""");
        await socket.SendAsync($$$"""{"jsonrpc":"2.0","method":"rpc.send","params":[{{{subscription}}},"two"]}""");
        var error = (await socket.ReceiveObjectAsync())["params"]!["error"]!;
        Assert.Equal(-32602, (int?)error["code"]);
        Assert.Equal("[2]", (string?)error["data"]!["errors"]![0]!["field"]);
    }

    [Fact]
    public async Task A_stream_can_be_cancelled()
    {
        await using var socket = await ConnectAsync();
        var subscription = (int)(await CallAsync(socket, "probe.Live", """["k"]"""))!;
        await socket.SendAsync($$$"""{"jsonrpc":"2.0","method":"rpc.cancel","params":{"subscription":{{{subscription}}}}}""");
        Assert.Equal(-32001, (int?)(await socket.ReceiveObjectAsync())["params"]!["error"]!["code"]);
        await _host.Grains.Ended.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Closing_cancels_what_is_under_way()
    {
        await using (var socket = await ConnectAsync())
        {
            await CallAsync(socket, "probe.Live", """["k"]""");
            await socket.CloseAsync();
        }

        await _host.Grains.Ended.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task One_stream_too_many_is_refused_until_another_has_ended()
    {
        await using var socket = await ConnectAsync();
        for (var i = 0; i < 3; i++) await CallAsync(socket, "probe.RunningSum", """["k"]""");
        await socket.SendAsync("""{"jsonrpc":"2.0","method":"probe.RunningSum","params":["k"],"id":1}""");
        Assert.Equal(-32008, (int?)(await socket.ReceiveObjectAsync())["error"]!["code"]);
        await socket.SendAsync("""{"jsonrpc":"2.0","method":"rpc.end","params":[1]}""");
        Assert.Equal("rpc.end", (string?)(await socket.ReceiveObjectAsync())["method"]);
        JsonNode? subscription = null;
        for (var tries = 0; subscription is null && tries < 1000; tries++) subscription = await CallAsync(socket, "probe.RunningSum", """["k"]""");
        Assert.NotNull(subscription);
    }

    [Fact]
    public async Task A_stream_has_no_place_in_a_batch()
    {
        await using var socket = await ConnectAsync();
        await socket.SendAsync("""[{"jsonrpc":"2.0","method":"probe.Count","params":["k",2],"id":7}]""");
        Assert.Contains("call it alone", await socket.ReceiveAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_who_stalls_holds_the_grain_back()
    {
        using var socket = await RawSocket.ConnectAsync(_host, "/jsonrpc", receiveBuffer: 4096);
        await socket.WriteAsync(RawSocket.Frame(1, """{"jsonrpc":"2.0","method":"probe.Flood","params":["k"],"id":1}"""u8));
        await _host.Grains.HeldBackAsync();
    }

    [Fact]
    public async Task A_stream_whose_grain_takes_nothing_is_ended_so_that_the_others_go_on()
    {
        await using var host = await GatewayHost.StartAsync(options => options.Streams.StallLimit = TimeSpan.FromSeconds(1));
        await using var socket = await SocketClient.ConnectAsync(host, "/jsonrpc");
        var subscription = (int)(await CallAsync(socket, "probe.Hesitate", """["k"]"""))!;
        for (var i = 0; i < 200; i++) await socket.SendAsync($$$"""{"jsonrpc":"2.0","method":"rpc.send","params":[{{{subscription}}},1]}""");
        Assert.Equal(-32008, (int?)(await socket.ReceiveObjectAsync())["params"]!["error"]!["code"]);
        Assert.Equal("k", (string?)await CallAsync(socket, "probe.Key", """["k"]"""));
    }

    [Fact]
    public async Task A_stopping_host_lets_calls_finish_ends_streams_and_says_that_it_goes()
    {
        var host = await GatewayHost.StartAsync();
        await using var socket = await SocketClient.ConnectAsync(host, "/jsonrpc");
        await CallAsync(socket, "probe.Live", """["k"]""");
        await socket.SendAsync("""{"jsonrpc":"2.0","method":"probe.Hold","params":["k"],"id":"held"}""");
        await host.Grains.HeldAsync(1);
        var stopping = host.DisposeAsync();
        Assert.Equal(-32014, (int?)(await socket.ReceiveObjectAsync())["params"]!["error"]!["code"]);
        host.Grains.Go.TrySetResult();
        Assert.Equal("held", (string?)(await socket.ReceiveObjectAsync())["id"]);
        Assert.Null(await socket.ReceiveAsync());
        Assert.Equal(1001, socket.CloseCode);
        await stopping;
    }

    [Fact]
    public async Task Each_call_has_a_trace_of_its_own()
    {
        await using var socket = await ConnectAsync();
        HashSet<string> traces = [];
        for (var i = 0; i < 3; i++)
        {
            await socket.SendAsync("""{"jsonrpc":"2.0","method":"probe.Fail","params":["k","NotFound"],"id":1}""");
            traces.Add((string)(await socket.ReceiveObjectAsync())["error"]!["data"]!["traceId"]!);
        }

        Assert.Equal(3, traces.Count);
        Assert.All(traces, trace => Assert.Matches("^[0-9a-f]{32}$", trace));
    }

    private Task<SocketClient> ConnectAsync() => SocketClient.ConnectAsync(_host, "/jsonrpc");

    private static async Task<JsonNode?> CallAsync(SocketClient socket, string method, string parameters)
    {
        await socket.SendAsync($$"""{"jsonrpc":"2.0","method":"{{method}}","params":{{parameters}},"id":"call"}""");
        var answer = await socket.ReceiveObjectAsync();
        Assert.Equal("call", (string?)answer["id"]);
        return answer["result"];
    }
}
