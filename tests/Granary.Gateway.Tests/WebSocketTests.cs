using System.Text.Json.Nodes;
using Granary.Gateway.Tests.Support;

namespace Granary.Gateway.Tests;

/// <summary>One call a connection, of every kind: <c>/ws/{service}/{key}/{Method}</c>.</summary>
public sealed class WebSocketTests : IAsyncLifetime
{
    private GatewayHost _host = null!;

    public async Task InitializeAsync() => _host = await GatewayHost.StartAsync(options =>
    {
        options.Limits.BodyBytes = 4096;
        options.Limits.JsonDepth = 8;
        options.WebSockets.OpenTimeout = TimeSpan.FromMilliseconds(500);
    });

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_unary_call_is_answered_and_closed()
    {
        await using var socket = await OpenAsync("Multiply");
        await socket.SendAsync("""{"open":{"a":7,"b":8}}""");
        Assert.Equal(["""{"result":56}"""], await socket.ReceiveAllAsync());
        Assert.Equal(1000, socket.CloseCode);
    }

    [Fact]
    public async Task Arguments_may_be_in_the_query_and_then_nothing_need_be_sent()
    {
        await using var socket = await OpenAsync("Multiply?a=7&b=8");
        Assert.Equal(["""{"result":56}"""], await socket.ReceiveAllAsync());
    }

    [Fact]
    public async Task A_method_without_arguments_is_called_at_once()
    {
        await using var socket = await OpenAsync("Key");
        Assert.Equal(["""{"result":"a b/c"}"""], await socket.ReceiveAllAsync());
        await using var nothing = await OpenAsync("Nothing");
        Assert.Equal(["""{"result":null}"""], await nothing.ReceiveAllAsync());
    }

    [Fact]
    public async Task A_version_may_be_named()
    {
        await using var socket = await SocketClient.ConnectAsync(_host, "/v2/ws/probe/a/OnlyInTwo");
        Assert.Equal(["""{"result":2}"""], await socket.ReceiveAllAsync());
    }

    [Fact]
    public async Task A_stream_is_an_item_a_message_and_an_end()
    {
        await using var socket = await OpenAsync("Count");
        await socket.SendAsync("""{"open":{"to":3}}""");
        Assert.Equal(["""{"item":1}""", """{"item":2}""", """{"item":3}""", """{"end":true}"""], await socket.ReceiveAllAsync());
        Assert.Equal(1000, socket.CloseCode);
    }

    [Fact]
    public async Task A_long_stream_arrives_whole()
    {
        await using var socket = await OpenAsync("Count?to=50000");
        var all = await socket.ReceiveAllAsync();
        Assert.Equal(50_001, all.Count);
        Assert.Equal(Enumerable.Range(1, 50_000).Select(i => $$"""{"item":{{i}}}"""), all[..^1]);
    }

    [Fact]
    public async Task Items_arrive_as_they_are_made()
    {
        await using var socket = await OpenAsync("Live");
        foreach (var to in new[] { "one", "two" })
        {
            await _host.Grains.Live.Writer.WriteAsync(new Parcel { To = to });
            Assert.Equal(to, (string?)(await socket.ReceiveObjectAsync())["item"]!["to"]);
        }
    }

    [Fact]
    public async Task Many_items_become_one_result()
    {
        await using var socket = await OpenAsync("Sum");
        await socket.SendAsync("""{"open":{"start":10}}""");
        foreach (var item in Enumerable.Range(1, 1000)) await socket.SendAsync($$"""{"item":{{item}}}""");
        await socket.SendAsync("""{"end":true}""");
        Assert.Equal(["""{"result":500510}"""], await socket.ReceiveAllAsync());
    }

    [Fact]
    public async Task The_first_message_may_be_an_item()
    {
        await using var socket = await OpenAsync("Sum");
        await socket.SendAsync("""{"item":1}""");
        await socket.SendAsync("""{"end":true}""");
        Assert.Equal(["""{"result":1}"""], await socket.ReceiveAllAsync());
    }

    [Fact]
    public async Task Each_item_of_a_bidirectional_stream_is_answered_while_the_stream_goes_on()
    {
        await using var socket = await OpenAsync("RunningSum");
        var sum = 0;
        foreach (var item in new[] { 5, 6, 7 })
        {
            await socket.SendAsync($$"""{"item":{{item}}}""");
            Assert.Equal($$"""{"item":{{sum += item}}}""", await socket.ReceiveAsync());
        }

        await socket.SendAsync("""{"end":true}""");
        Assert.Equal(["""{"end":true}"""], await socket.ReceiveAllAsync());
    }

    [Fact]
    public async Task A_grain_that_has_enough_need_not_wait_for_the_rest()
    {
        await using var socket = await OpenAsync("TakeUntilHeavy");
        await socket.SendAsync("""{"item":{"to":"x","weight":101}}""");
        Assert.Equal(["""{"result":1}"""], await socket.ReceiveAllAsync());
    }

    [Theory]
    [InlineData("ForAdmins", "PERMISSION_DENIED", 4007)]
    [InlineData("Multiply?a=x&b=1", "INVALID_ARGUMENT", 4003)]
    [InlineData("Fail?how=NotFound", "NOT_FOUND", 4005)]
    [InlineData("Fail?how=ResourceExhausted", "RESOURCE_EXHAUSTED", 4008)]
    [InlineData("WaitBriefly", "DEADLINE_EXCEEDED", 4004)]
    public async Task An_error_is_a_problem_and_a_close_code(string call, string code, int close)
    {
        await using var socket = await OpenAsync(call);
        var problem = (await socket.ReceiveObjectAsync())["error"]!;
        Assert.Equal(code, (string?)problem["code"]);
        Assert.Matches("^[0-9a-f]{32}$", (string?)problem["traceId"]);
        Assert.Null(await socket.ReceiveAsync());
        Assert.Equal(close, socket.CloseCode);
        Assert.Equal((string?)problem["detail"], socket.CloseReason);
    }

    [Fact]
    public async Task An_error_within_a_stream_comes_after_its_items()
    {
        await using var socket = await OpenAsync("Break?after=2&how=Aborted");
        var all = await socket.ReceiveAllAsync();
        Assert.Equal(["""{"item":1}""", """{"item":2}"""], all[..2]);
        Assert.Equal("ABORTED", (string?)JsonNode.Parse(all[2])!["error"]!["code"]);
        Assert.Equal(4010, socket.CloseCode);
    }

    [Fact]
    public async Task What_an_exception_says_stays_inside()
    {
        _host.Log.Expect("hunter2");
        await using var socket = await OpenAsync("Fail?how=bug");
        var problem = (await socket.ReceiveObjectAsync())["error"]!;
        Assert.Equal("INTERNAL", (string?)problem["code"]);
        Assert.DoesNotContain("hunter2", problem.ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"open":{"to":"x"}}""", "to")]
    [InlineData("""{"open":{"to":1,"more":2}}""", "more")]
    [InlineData("""{"open":{"to":1},"timeout":"soon"}""", "timeout")]
    [InlineData("""{"open":[1]}""", "open")]
    [InlineData("""{"open":{"to":1},"end":true}""", "")]
    [InlineData("""{"begin":{}}""", "")]
    [InlineData("""{}""", "")]
    [InlineData("""[]""", "")]
    [InlineData("""1""", "")]
    [InlineData("""{"end":false}""", "")]
    [InlineData("""{"open":{"to":1}} {}""", "")]
    [InlineData("""{"open":""", "")]
    [InlineData("", "")]
    [InlineData("""{"open":{"to":[[[[[[[[[[1]]]]]]]]]]}}""", "")]
    public async Task A_first_message_that_is_none_is_refused(string message, string field)
    {
        await using var socket = await OpenAsync("Count");
        await socket.SendAsync(message);
        var problem = (await socket.ReceiveObjectAsync())["error"]!;
        Assert.Equal("INVALID_ARGUMENT", (string?)problem["code"]);
        if (field.Length > 0) Assert.Equal(field, (string?)problem["errors"]![0]!["field"]);
        Assert.Null(await socket.ReceiveAsync());
        Assert.Equal(4003, socket.CloseCode);
    }

    [Theory]
    [InlineData("""{"item":"two"}""", "item 2")]
    [InlineData("""{"items":2}""", "there is another member")]
    [InlineData("""{"open":{}}""", "one connection is one call")]
    public async Task A_wrong_message_within_a_stream_ends_the_call_and_is_named(string message, string says)
    {
        await using var socket = await OpenAsync("Sum");
        await socket.SendAsync("""{"item":1}""");
        await socket.SendAsync(message);
        await socket.SendAsync("""{"end":true}""");
        var problem = (await socket.ReceiveObjectAsync())["error"]!;
        Assert.Equal("INVALID_ARGUMENT", (string?)problem["code"]);
        Assert.Contains(says, (string?)problem["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Items_for_a_method_that_takes_none_are_refused()
    {
        await using var socket = await OpenAsync("Live");
        await socket.SendAsync("""{"item":1}""");
        Assert.Contains("takes no stream", (string?)(await socket.ReceiveObjectAsync())["error"]!["detail"], StringComparison.Ordinal);
        await _host.Grains.Ended.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task The_caller_may_cancel()
    {
        await using var socket = await OpenAsync("Wait");
        await _host.Grains.Begun.Task;
        await socket.SendAsync("""{"cancel":true}""");
        Assert.Equal("CANCELLED", (string?)(await socket.ReceiveObjectAsync())["error"]!["code"]);
        await _host.Grains.Ended.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Null(await socket.ReceiveAsync());
        Assert.Equal(4001, socket.CloseCode);
    }

    [Fact]
    public async Task Closing_cancels()
    {
        await using var socket = await OpenAsync("Live");
        await _host.Grains.Begun.Task;
        await socket.CloseAsync();
        await _host.Grains.Ended.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Going_away_without_a_word_cancels()
    {
        using (await RawSocket.ConnectAsync(_host, "/ws/probe/a/Live")) await _host.Grains.Begun.Task;
        await _host.Grains.Ended.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task The_callers_time_ends_the_call()
    {
        await using var socket = await OpenAsync("Count");
        await socket.SendAsync("""{"open":{"to":1000000000},"timeout":"200ms"}""");
        var all = await socket.ReceiveAllAsync();
        Assert.Equal("DEADLINE_EXCEEDED", (string?)JsonNode.Parse(all[^1])!["error"]!["code"]);
        Assert.Equal(4004, socket.CloseCode);
    }

    [Fact]
    public async Task Who_never_opens_is_closed()
    {
        await using var socket = await OpenAsync("Multiply");
        Assert.Null(await socket.ReceiveAsync());
        Assert.Equal(4004, socket.CloseCode);
    }

    [Theory]
    [InlineData("/ws/probe/a/None", 404)]
    [InlineData("/ws/none/a/Key", 404)]
    [InlineData("/ws/probe/a", 404)]
    [InlineData("/v9/ws/probe/a/Key", 404)]
    [InlineData("/ws/probe/%FF/Key", 400)]
    public async Task An_address_that_leads_nowhere_is_refused_by_http(string path, int status) =>
        Assert.Equal(status, (await Assert.ThrowsAsync<RefusedException>(() => SocketClient.ConnectAsync(_host, path))).Status);

    [Fact]
    public async Task Without_an_upgrade_it_is_426()
    {
        var problem = await _host.Client.GetAsync("/ws/probe/a/Key").ProblemAsync(426, "INVALID_ARGUMENT");
        Assert.Equal("websocket", problem.Response.Headers.Upgrade.Single().Name);
    }

    [Fact]
    public async Task Each_call_counts_against_the_rate_limit()
    {
        for (var i = 0; i < 3; i++)
        {
            await using var socket = await OpenAsync("Scarce");
            Assert.Single(await socket.ReceiveAllAsync());
            Assert.Equal(1000, socket.CloseCode);
        }

        await using var last = await OpenAsync("Scarce");
        var problem = (await last.ReceiveObjectAsync())["error"]!;
        Assert.Equal("RATE_LIMITED", (string?)problem["reason"]);
        Assert.True((long?)problem["retryAfter"] > 0);
    }

    [Fact]
    public async Task A_stopping_host_ends_streams_and_says_so()
    {
        var host = await GatewayHost.StartAsync();
        await using var socket = await SocketClient.ConnectAsync(host, "/ws/probe/a/Live");
        await host.Grains.Begun.Task;
        var stopping = host.DisposeAsync();
        Assert.Equal("UNAVAILABLE", (string?)(await socket.ReceiveObjectAsync())["error"]!["code"]);
        Assert.Null(await socket.ReceiveAsync());
        Assert.Equal(4014, socket.CloseCode);
        await stopping;
    }

    [Fact]
    public async Task A_reader_who_stalls_holds_the_grain_back()
    {
        using var socket = await RawSocket.ConnectAsync(_host, "/ws/probe/a/Flood", receiveBuffer: 4096);
        await _host.Grains.HeldBackAsync();
    }

    [Fact]
    public async Task A_reader_who_takes_nothing_for_too_long_is_cut()
    {
        await using var host = await GatewayHost.StartAsync(options => options.Streams.StallLimit = TimeSpan.FromSeconds(1));
        using var socket = await RawSocket.ConnectAsync(host, "/ws/probe/a/Flood", receiveBuffer: 4096);
        await host.Grains.Ended.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    private Task<SocketClient> OpenAsync(string call) => SocketClient.ConnectAsync(_host, "/ws/probe/a%20b%2Fc/" + call);
}
