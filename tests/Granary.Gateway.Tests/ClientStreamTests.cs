using System.Globalization;
using System.Text;
using Granary.Gateway.Tests.Support;

namespace Granary.Gateway.Tests;

public sealed class ClientStreamTests : IAsyncLifetime
{
    private GatewayHost _host = null!;

    public async Task InitializeAsync() => _host = await GatewayHost.StartAsync(options => options.Limits.BodyBytes = 1024);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("1\n2\n3\n", "6")]
    [InlineData("1\n2\n3", "6")]
    [InlineData("1\r\n\r\n 2 \n", "3")]
    [InlineData("", "0")]
    public async Task The_lines_of_the_body_are_the_items(string body, string sum) => Assert.Equal(sum, await SendAsync("Sum", body).OkAsync());

    [Fact]
    public async Task Other_arguments_are_in_the_query() => Assert.Equal("16", await SendAsync("Sum?start=10", "1\n2\n3").OkAsync());

    [Fact]
    public async Task A_stream_may_be_longer_than_any_body() =>
        Assert.Equal("50005000", await SendAsync("Sum", string.Join('\n', Enumerable.Range(1, 10_000))).OkAsync());

    [Fact]
    public async Task Each_item_of_a_bidirectional_stream_is_answered_while_the_stream_goes_on()
    {
        await using var raw = await RawClient.ConnectAsync(_host);
        await raw.SendAsync($"POST /rpc/probe/a/RunningSum HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {_host.Token("alice")}\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n");
        var sum = 0;
        foreach (var number in new[] { 5, 6, 7 })
        {
            var line = number + "\n";
            await raw.SendAsync($"{line.Length:x}\r\n{line}\r\n");
            sum += number;
            await raw.ReadUntilAsync($"\r\n{sum.ToString(CultureInfo.InvariantCulture)}\n");
        }

        await raw.SendAsync("0\r\n\r\n");
        await raw.ReadUntilAsync("0\r\n\r\n");
    }

    [Fact]
    public async Task A_grain_that_has_enough_ends_the_call()
    {
        var lines = string.Concat(Enumerable.Range(0, 3).Select(i => $$"""{"to":"x","weight":{{i * 60}}}""" + "\n"));
        Assert.Equal("3", await SendAsync("TakeUntilHeavy", lines).OkAsync());
    }

    [Fact]
    public async Task A_grain_that_has_enough_need_not_wait_for_the_rest()
    {
        await using var raw = await RawClient.ConnectAsync(_host);
        await raw.SendAsync($"POST /rpc/probe/a/TakeUntilHeavy HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {_host.Token("alice")}\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n");
        var line = """{"to":"x","weight":101}""" + "\n";
        await raw.SendAsync($"{line.Length:x}\r\n{line}\r\n");
        Assert.Contains("200 OK", await raw.ReadUntilAsync("\r\n\r\n1"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Sum", "1\ntwo\n3", "[2]")]
    [InlineData("Sum", "1\n\"2\"\n3", "[2]")]
    [InlineData("Sum", "1\n2 3\n", "[2]")]
    [InlineData("TakeUntilHeavy", "{\"to\":\"x\"}\n{\"to\":\"y\",\"weight\":\"heavy\"}\n", "[2].weight")]
    [InlineData("TakeUntilHeavy", "{\"to\":\"x\"}\n{}\n", "[2].to")]
    public async Task An_item_that_does_not_fit_is_400_and_named(string method, string body, string field)
    {
        var problem = await SendAsync(method, body).ProblemAsync(400, "INVALID_ARGUMENT");
        Assert.Equal(field, Assert.Single(problem.Errors).Field);
        Assert.Contains("item 2", problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_item_that_is_too_large_is_429()
    {
        var problem = await SendAsync("TakeUntilHeavy", $$"""{"to":"{{new string('x', 100_000)}}"}""").ProblemAsync(429, "RESOURCE_EXHAUSTED");
        Assert.Contains("1024 bytes", problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_item_ends_a_bidirectional_stream_with_an_error_line()
    {
        var text = await SendAsync("RunningSum", "1\n2\nx\n").OkAsync();
        Assert.StartsWith("1\n3\n{\"error\":", text, StringComparison.Ordinal);
        Assert.Contains("item 3", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_of_another_type_is_415() => await _host.PostAsync("/rpc/probe/a/Sum", "[1,2]").ProblemAsync(415, "INVALID_ARGUMENT");

    [Fact]
    public async Task Arguments_that_are_wrong_are_400() => Assert.Equal("start", Assert.Single((await SendAsync("Sum?start=x", "1").ProblemAsync(400, "INVALID_ARGUMENT")).Errors).Field);

    private Task<HttpResponseMessage> SendAsync(string method, string body) =>
        _host.Client.PostAsync("/rpc/probe/a/" + method, new StringContent(body, Encoding.UTF8, "application/x-ndjson"));
}
