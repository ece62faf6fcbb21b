using Granary.Gateway.Tests.Support;

namespace Granary.Gateway.Tests;

public sealed class StreamingTests : IAsyncLifetime
{
    private GatewayHost _host = null!;

    public async Task InitializeAsync() => _host = await GatewayHost.StartAsync();

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_stream_is_one_value_a_line()
    {
        using var response = await GetAsync("/rpc/probe/a/Count?to=4", null);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("1\n2\n3\n4\n", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_stream_is_events_for_those_who_ask()
    {
        using var response = await GetAsync("/rpc/probe/a/Count?to=2", "text/event-stream");
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("data: 1\n\ndata: 2\n\nevent: end\ndata: {}\n\n", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("*/*", "application/x-ndjson")]
    [InlineData("text/*", "text/event-stream")]
    [InlineData("application/json, text/event-stream;q=0.5", "text/event-stream")]
    [InlineData("text/event-stream;q=0.5, application/x-ndjson;q=0.9", "application/x-ndjson")]
    [InlineData("application/jsonl", "application/x-ndjson")]
    public async Task The_callers_wish_is_weighed(string accept, string type)
    {
        using var response = await GetAsync("/rpc/probe/a/Count?to=1", accept);
        Assert.Equal(type, response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task A_caller_who_accepts_neither_form_gets_406() =>
        Assert.Contains("text/event-stream", (await GetAsync("/rpc/probe/a/Count?to=1", "application/json").ProblemAsync(406, "INVALID_ARGUMENT")).Detail, StringComparison.Ordinal);

    [Fact]
    public async Task An_empty_stream_is_an_empty_answer() => Assert.Equal("", await GetAsync("/rpc/probe/a/Count?to=0", null).OkAsync());

    [Fact]
    public async Task A_long_stream_arrives_whole()
    {
        var text = await GetAsync("/rpc/probe/a/Count?to=100000", null).OkAsync();
        Assert.Equal(Enumerable.Range(1, 100_000), text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse));
    }

    [Fact]
    public async Task Items_arrive_as_they_are_made()
    {
        await using var raw = await RawClient.ConnectAsync(_host);
        await raw.SendAsync($"POST /rpc/probe/a/Live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {_host.Token("alice")}\r\nAccept: text/event-stream\r\nContent-Length: 0\r\n\r\n");
        foreach (var to in new[] { "one", "two", "three" })
        {
            await _host.Grains.Live.Writer.WriteAsync(new Parcel { To = to });
            Assert.Contains("data: {\"to\":\"" + to, await raw.ReadUntilAsync(to), StringComparison.Ordinal);
        }

        _host.Grains.Live.Writer.Complete();
        await raw.ReadUntilAsync("event: end");
        await _host.Grains.Ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task An_error_before_the_first_item_is_a_status() =>
        await BreakAsync(0, "NotFound", "text/event-stream").ProblemAsync(404, "NOT_FOUND");

    [Theory]
    [InlineData("text/event-stream", "event: error\ndata: {\"error\":{")]
    [InlineData("application/x-ndjson", "\n{\"error\":{")]
    public async Task An_error_after_the_first_item_is_the_last_item(string accept, string error)
    {
        var text = await BreakAsync(2, "ResourceExhausted", accept).OkAsync();
        Assert.Contains(error, text, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"RESOURCE_EXHAUSTED\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("event: end", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_within_a_stream_does_not_tell_what_must_stay_inside()
    {
        _host.Log.Expect("hunter2");
        var text = await BreakAsync(1, "bug", null).OkAsync();
        Assert.Contains("\"code\":\"INTERNAL\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silence_is_broken_by_comments()
    {
        await using var host = await GatewayHost.StartAsync(options => options.Streams.Heartbeat = TimeSpan.FromSeconds(1));
        await using var raw = await RawClient.ConnectAsync(host);
        await raw.SendAsync($"POST /rpc/probe/a/Live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {host.Token("alice")}\r\nAccept: text/event-stream\r\nContent-Length: 0\r\n\r\n");

        // The head comes although there is no item, then comments.
        Assert.StartsWith("HTTP/1.1 200", await raw.ReadUntilAsync("\n: \n\n"), StringComparison.Ordinal);
        await host.Grains.Live.Writer.WriteAsync(new Parcel { To = "x" });
        await raw.ReadUntilAsync("data: {");
    }

    private Task<HttpResponseMessage> BreakAsync(int after, string how, string? accept)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/rpc/probe/a/Break") { Content = new StringContent($$"""{"after":{{after}},"how":"{{how}}"}""", null, "application/json") };
        if (accept is not null) request.Headers.Add("Accept", accept);
        return _host.Client.SendAsync(request);
    }

    private Task<HttpResponseMessage> GetAsync(string path, string? accept)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (accept is not null) request.Headers.Add("Accept", accept);
        return _host.Client.SendAsync(request);
    }
}
