using System.Text;
using Granary.Gateway.Tests.Support;

namespace Granary.Gateway.Tests;

/// <summary>Small requests that ask for much work, or for a large answer.</summary>
public sealed class BombTests : IAsyncLifetime
{
    // What an answer to nonsense may have.
    private const int MostAnswer = 64 * 1024;

    private GatewayHost _host = null!;

    public async Task InitializeAsync() => _host = await GatewayHost.StartAsync();

    public async Task DisposeAsync()
    {
        Assert.Equal("6", await _host.PostAsync("/rpc/probe/a/Multiply", """{"a":3,"b":2}""").OkAsync());
        await _host.DisposeAsync();
    }

    public static TheoryData<string, string> Bombs() => new()
    {
        { "depth of lists", "{\"a\":" + new string('[', 100_000) },
        { "depth of objects", string.Concat(Enumerable.Repeat("{\"a\":", 100_000)) },
        { "depth where nothing is read", "{\"other\":" + string.Concat(Enumerable.Repeat("[", 100_000)) },
        { "a number of many digits", "{\"a\":1" + new string('0', 500_000) + ",\"b\":2}" },
        { "a fraction of many digits", "{\"a\":0." + new string('1', 500_000) + "x,\"b\":2}" },
        { "an exponent beyond numbers", "{\"a\":1e999999999,\"b\":2}" },
        { "many unknown names", "{" + string.Join(',', Enumerable.Range(0, 60_000).Select(i => $"\"n{i}\":1")) + "}" },
        { "one name many times", "{" + string.Join(',', Enumerable.Repeat("\"a\":1", 100_000)) + "}" },
        { "a name of great length", "{\"" + new string('n', 500_000) + "\":1}" },
        { "a text that is no number", "{\"a\":\"" + new string('t', 500_000) + "\",\"b\":2}" },
        { "escapes without end", "{\"a\":\"" + string.Concat(Enumerable.Repeat("\\u0000", 100_000)) + "\",\"b\":2}" },
        { "half a character", "{\"a\":\"" + string.Concat(Enumerable.Repeat("\\ud800", 100_000)) + "\",\"b\":2}" },
    };

    [Theory]
    [MemberData(nameof(Bombs))]
    public async Task Json_that_is_out_of_proportion_is_refused_in_a_few_words_by_every_protocol(string what, string json)
    {
        foreach (var (path, body) in ((string, string)[])[
            ("/rpc/probe/a/Multiply", json),
            ("/granary.tests.v1.Probe/Multiply", json),
            ("/jsonrpc", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"probe.Multiply\",\"params\":" + (json.EndsWith('}') ? json + "}" : json))])
        {
            using var response = await _host.PostAsync(path, body);
            var text = await response.Content.ReadAsStringAsync();
            Assert.True(path == "/jsonrpc" ? text.Contains("\"error\"", StringComparison.Ordinal) || (int)response.StatusCode == 400 : (int)response.StatusCode == 400, $"{what} at {path}: {(int)response.StatusCode} {text[..Math.Min(300, text.Length)]}");
            Assert.True(text.Length <= MostAnswer, $"{what} at {path}: an answer of {text.Length} characters");
        }

        await using var socket = await SocketClient.ConnectAsync(_host, "/ws/probe/a/Multiply");
        await socket.SendAsync(json);
        var answers = await socket.ReceiveAllAsync();
        Assert.True(answers.Sum(a => a.Length) <= MostAnswer, $"{what} by WebSocket: an answer of {answers.Sum(a => a.Length)} characters");
    }

    [Fact]
    public async Task A_list_as_wide_as_a_body_may_be_is_just_a_list()
    {
        var sizes = string.Join(',', Enumerable.Repeat("1", 500_000));
        await _host.PostAsync("/rpc/probe/a/Pack", $$"""{"parcel":{"to":"x"},"sizes":[{{sizes}}]}""").OkAsync();
    }

    [Fact]
    public async Task A_query_and_headers_as_long_as_they_may_be_are_refused_or_read_and_longer_ones_refused()
    {
        await using var raw = await RawClient.ConnectAsync(_host);
        await raw.SendAsync($"GET /rpc/probe/a/Count?to={new string('1', 20_000)} HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 414", await raw.ReadToEndAsync(), StringComparison.Ordinal);
        await using var many = await RawClient.ConnectAsync(_host);
        await many.SendAsync("GET /rpc/probe/a/Open HTTP/1.1\r\nHost: x\r\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"X-{i}: a\r\n")) + "\r\n");
        Assert.StartsWith("HTTP/1.1 431", await many.ReadToEndAsync(), StringComparison.Ordinal);
        await using var large = await RawClient.ConnectAsync(_host);
        await large.SendAsync($"GET /rpc/probe/a/Open HTTP/1.1\r\nHost: x\r\nX-Large: {new string('x', 40_000)}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 431", await large.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_of_gzip_bombs_ends_with_the_first()
    {
        var bomb = GrpcClient.Zip(GrpcClient.Text(new string('x', 4_000_000)));
        Assert.True(bomb.Length < 64 * 1024);
        var frames = GrpcClient.Frame(GrpcClient.Keyed()).Concat(Enumerable.Repeat(GrpcClient.Frame(bomb, flags: 1), 50).SelectMany(f => f)).ToArray();
        var client = new GrpcClient(_host);
        client.Headers["grpc-encoding"] = "gzip";
        (await client.SendAsync("Sum", frames)).Failed(Rpc.StatusCode.ResourceExhausted);
    }

    [Fact]
    public async Task A_batch_within_the_size_that_is_too_long_is_refused_as_one()
    {
        var batch = "[" + string.Join(',', Enumerable.Repeat("1", 400_000)) + "]";
        Assert.True(Encoding.UTF8.GetByteCount(batch) < 1024 * 1024);
        Assert.True((await _host.PostAsync("/jsonrpc", batch).OkAsync()).Length < 1000);
    }
}
