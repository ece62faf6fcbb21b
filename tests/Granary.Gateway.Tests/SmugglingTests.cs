using Granary.Gateway.Tests.Support;

namespace Granary.Gateway.Tests;

/// <summary>Requests that a proxy in front and this host could read differently, written by hand: refused, or read in the one way that leaves nothing behind for a second request.</summary>
public sealed class SmugglingTests : IAsyncLifetime
{
    private const string Body = """{"a":7,"b":8}""";
    private const string Chunked = "d\r\n" + Body + "\r\n0\r\n\r\n";

    private GatewayHost _host = null!;

    public async Task InitializeAsync() => _host = await GatewayHost.StartAsync();

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("two lengths", "Content-Length: 13\r\nContent-Length: 1\r\n\r\n" + Body)]
    [InlineData("the same length twice", "Content-Length: 13\r\nContent-Length: 13\r\n\r\n" + Body)]
    [InlineData("a list of lengths", "Content-Length: 13, 13\r\n\r\n" + Body)]
    [InlineData("a negative length", "Content-Length: -1\r\n\r\n" + Body)]
    [InlineData("a length beyond numbers", "Content-Length: 99999999999999999999\r\n\r\n" + Body)]
    [InlineData("an encoding after chunked", "Transfer-Encoding: chunked, identity\r\n\r\n" + Chunked)]
    [InlineData("an encoding that is not known", "Transfer-Encoding: xchunked\r\n\r\n" + Chunked)]
    [InlineData("a second encoding", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + Chunked)]
    [InlineData("an encoding behind a control character", "Transfer-Encoding:\vchunked\r\n\r\n" + Chunked)]
    [InlineData("a space before the colon", "Transfer-Encoding : chunked\r\n\r\n" + Chunked)]
    [InlineData("a folded header", "X-A: b\r\n c\r\nContent-Length: 13\r\n\r\n" + Body)]
    [InlineData("a carriage return in a value", "X-A: b\rContent-Length: 1\r\nContent-Length: 13\r\n\r\n" + Body)]
    [InlineData("a line feed alone", "X-A: b\nContent-Length: 13\r\n\r\n" + Body)]
    [InlineData("nothing but line feeds", "Content-Length: 13\n\n" + Body)]
    [InlineData("a zero in a value", "X-A: b\0c\r\nContent-Length: 13\r\n\r\n" + Body)]
    [InlineData("a space in a name", "X A: b\r\nContent-Length: 13\r\n\r\n" + Body)]
    [InlineData("a second host", "Host: other\r\nContent-Length: 13\r\n\r\n" + Body)]
    [InlineData("chunks with line feeds alone", "Transfer-Encoding: chunked\r\n\r\nd\n" + Body + "\n0\n\n")]
    [InlineData("a negative chunk", "Transfer-Encoding: chunked\r\n\r\n-1\r\n" + Body + "\r\n0\r\n\r\n")]
    [InlineData("a chunk beyond numbers", "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n" + Body + "\r\n0\r\n\r\n")]
    [InlineData("a chunk without its end", "Transfer-Encoding: chunked\r\n\r\nd\r\n" + Body + "0\r\n\r\n")]
    public async Task What_could_be_read_in_two_ways_is_refused_and_the_connection_closed(string what, string rest)
    {
        var answers = await SendAsync("/rpc/probe/a/Multiply", rest);
        Assert.True(answers.StartsWith("HTTP/1.1 400", StringComparison.Ordinal), $"{what}: {answers}");
        Assert.Equal(1, Count(answers));
    }

    [Theory]
    [InlineData("Content-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\n" + Chunked)]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n" + Chunked)]
    public async Task With_chunks_and_a_length_the_chunks_count_and_nothing_more_is_read(string rest)
    {
        var answers = await SendAsync("/rpc/probe/a/Multiply", rest);
        Assert.StartsWith("HTTP/1.1 200", answers, StringComparison.Ordinal);
        Assert.Contains("Connection: close", answers, StringComparison.Ordinal);
        Assert.Equal(1, Count(answers));
    }

    [Theory]
    [InlineData("http://evil.example/rpc/probe/a/Multiply")]
    [InlineData("/rpc/probe/../../admin/cluster")]
    [InlineData("/rpc/../rpc/probe/a/Multiply")]
    [InlineData("/rpc/probe/./Multiply")]
    [InlineData("/rpc/probe/%2e%2E/Multiply")]
    [InlineData("/rpc/probe/.%2e/Multiply")]
    [InlineData("/healthz/../metrics")]
    [InlineData("/rpc/probe/%00/../Multiply")]
    public async Task A_target_that_is_not_where_it_seems_is_refused(string target) =>
        Assert.StartsWith("HTTP/1.1 400", await SendAsync(target, $"Content-Length: 13\r\n\r\n{Body}", smuggled: false), StringComparison.Ordinal);

    [Theory]
    [InlineData("/rpc/probe/..%2F..%2Fadmin%2Fcluster/Key", "\"../../admin/cluster\"")]
    [InlineData("/rpc/probe/.../Key", "\"...\"")]
    [InlineData("/rpc/probe/.hidden/Key", "\".hidden\"")]
    public async Task Dots_within_a_key_are_a_key_and_lead_nowhere(string target, string key) =>
        Assert.EndsWith(key, await SendAsync(target, "Content-Length: 2\r\n\r\n{}", smuggled: false), StringComparison.Ordinal);

    [Fact]
    public async Task What_follows_a_body_in_chunks_is_no_header()
    {
        await using var raw = await RawClient.ConnectAsync(_host);
        await raw.SendAsync($"POST /rpc/probe/a/Key HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\nAuthorization: Bearer {_host.Token("alice", "admin")}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 401", await raw.ReadToEndAsync(), StringComparison.Ordinal);
    }

    // The request, and behind it one that nobody must see as a second one. What is sent after a refusal may meet a reset.
    private async Task<string> SendAsync(string target, string rest, bool smuggled = true)
    {
        await using var raw = await RawClient.ConnectAsync(_host);
        var head = $"Host: {(target.StartsWith('/') ? "x" : "good.example")}\r\nAuthorization: Bearer {_host.Token("alice", "user")}\r\nContent-Type: application/json\r\n";
        var second = smuggled ? $"POST /rpc/probe/smuggled/Key HTTP/1.1\r\n{head}Content-Length: 2\r\nConnection: close\r\n\r\n{{}}" : "";
        await raw.SendAsync($"POST {target} HTTP/1.1\r\n{(smuggled ? "" : "Connection: close\r\n")}{head}{rest}{second}");
        return await raw.ReadToEndAsync();
    }

    private static int Count(string answers) => answers.Split("HTTP/1.1 ").Length - 1;
}
