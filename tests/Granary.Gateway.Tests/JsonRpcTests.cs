using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Granary.Gateway.Tests.Support;

namespace Granary.Gateway.Tests;

/// <summary>JSON-RPC 2.0 by POST: every example of the specification's section 7, with methods of ours, and what goes beyond it.</summary>
public sealed class JsonRpcTests : IAsyncLifetime
{
    private const string NoMethod = "probe.Foobar";

    private GatewayHost _host = null!;

    public async Task InitializeAsync() => _host = await GatewayHost.StartAsync(options =>
    {
        options.Limits.BodyBytes = 8192;
        options.Limits.JsonDepth = 8;
        options.JsonRpc.MaxBatch = 20;
        options.JsonRpc.BatchConcurrency = 4;
    });

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("""{"jsonrpc": "2.0", "method": "probe.Multiply", "params": ["k", 42, 23], "id": 1}""", """{"jsonrpc":"2.0","result":966,"id":1}""")]
    [InlineData("""{"jsonrpc": "2.0", "method": "probe.Multiply", "params": ["k", 23, 42], "id": 2}""", """{"jsonrpc":"2.0","result":966,"id":2}""")]
    [InlineData("""{"jsonrpc": "2.0", "method": "probe.Add", "params": {"b": 23, "a": 42, "key": "k"}, "id": 3}""", """{"jsonrpc":"2.0","result":65,"id":3}""")]
    [InlineData("""{"jsonrpc": "2.0", "method": "probe.Add", "params": {"key": "k", "a": 42, "b": 23}, "id": 4}""", """{"jsonrpc":"2.0","result":65,"id":4}""")]
    [InlineData("""{"id": "text \u00e9", "params": ["k", 1], "method": "probe.Add", "jsonrpc": "2.0", "more": [{}]}""", """{"jsonrpc":"2.0","result":6,"id":"text \u00e9"}""")]
    [InlineData("""{"jsonrpc": "2.0", "method": "probe.Nothing", "params": ["k"], "id": 1.50}""", """{"jsonrpc":"2.0","result":null,"id":1.50}""")]
    [InlineData("""{"jsonrpc": "2.0", "method": "v1.probe.Key", "params": ["k"], "id": 1}""", """{"jsonrpc":"2.0","result":"k","id":1}""")]
    [InlineData("""{"jsonrpc": "2.0", "method": "granary.tests.v1.Probe.Key", "params": {"key": "k"}, "id": null}""", """{"jsonrpc":"2.0","result":"k","id":null}""")]
    public async Task A_request_is_answered_with_its_result_and_its_id(string request, string response) =>
        Assert.Equal(response, await _host.PostAsync("/jsonrpc", request).OkAsync());

    [Theory]
    [InlineData("""{"jsonrpc": "2.0", "method": "probe.Nothing", "params": ["k"]}""")]
    [InlineData("""{"jsonrpc": "2.0", "method": "probe.Foobar"}""")]
    [InlineData("""{"jsonrpc": "2.0", "method": "probe.Add", "params": ["k", "no number"]}""")]
    [InlineData("""[{"jsonrpc": "2.0", "method": "probe.Nothing", "params": ["k"]}, {"jsonrpc": "2.0", "method": "probe.Add", "params": ["k", 7]}]""")]
    public async Task Notifications_are_not_answered(string message) => Assert.Equal("", await _host.PostAsync("/jsonrpc", message).OkAsync(204));

    [Fact]
    public async Task A_notification_runs()
    {
        await _host.PostAsync("/jsonrpc", """{"jsonrpc": "2.0", "method": "probe.Forget", "params": ["k", "me"]}""").OkAsync(204);
        Assert.Equal("me", await _host.Grains.Forgotten.Task);
    }

    [Theory]
    [InlineData("""{"jsonrpc": "2.0", "method": "probe.Foobar", "id": "1"}""", -32601, "\"1\"")]
    [InlineData("""{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]""", -32700, "null")]
    [InlineData("""{"jsonrpc": "2.0", "method": 1, "params": "bar"}""", -32600, "null")]
    [InlineData("""[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},{"jsonrpc": "2.0", "method"]""", -32700, "null")]
    [InlineData("[]", -32600, "null")]
    [InlineData("", -32700, "null")]
    [InlineData("""{"jsonrpc": "2.0", "method": "probe.Key", "id": 1} {}""", -32700, "null")]
    [InlineData("""{"jsonrpc": "1.0", "method": "probe.Key", "id": 1}""", -32600, "1")]
    [InlineData("""{"jsonrpc": "2.0", "method": "probe.Key", "params": "k", "id": 1}""", -32600, "1")]
    [InlineData("""{"jsonrpc": "2.0", "method": "probe.Key", "params": ["k"], "id": {}}""", -32600, "null")]
    [InlineData("""{"jsonrpc": "2.0", "id": 1}""", -32600, "1")]
    [InlineData("true", -32600, "null")]
    public async Task What_is_no_call_gets_the_code_of_the_specification(string message, int code, string id)
    {
        var response = Parse(await _host.PostAsync("/jsonrpc", message).OkAsync());
        Assert.Equal("2.0", (string?)response["jsonrpc"]);
        Assert.Equal(code, (int?)response["error"]!["code"]);
        Assert.Equal(id, response["id"]?.ToJsonString() ?? "null");
        Assert.False(response.ContainsKey("result"));
    }

    [Theory]
    [InlineData("[1]", 1)]
    [InlineData("[1,2,3]", 3)]
    public async Task A_batch_of_what_is_no_request_gets_an_error_for_each(string batch, int count)
    {
        var responses = JsonNode.Parse(await _host.PostAsync("/jsonrpc", batch).OkAsync())!.AsArray();
        Assert.Equal(count, responses.Count);
        Assert.All(responses, r => Assert.Equal(-32600, (int?)r!["error"]!["code"]));
        Assert.All(responses, r => Assert.Null(r!["id"]));
    }

    [Fact]
    public async Task A_batch_is_answered_in_its_order_without_its_notifications()
    {
        const string Batch = """
            [
                {"jsonrpc": "2.0", "method": "probe.Add", "params": ["k", 1, 2], "id": "1"},
                {"jsonrpc": "2.0", "method": "probe.Nothing", "params": ["k"]},
                {"jsonrpc": "2.0", "method": "probe.Multiply", "params": ["k", 42, 23], "id": "2"},
                {"foo": "boo"},
                {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
                {"jsonrpc": "2.0", "method": "probe.Key", "params": ["get_data"], "id": "9"}
            ]
            """;
        var responses = JsonNode.Parse(await _host.PostAsync("/jsonrpc", Batch).OkAsync())!.AsArray();
        Assert.Equal(["1", "2", null, "5", "9"], responses.Select(r => (string?)r!["id"]));
        Assert.Equal([3, 966], responses.Take(2).Select(r => (int)r!["result"]!));
        Assert.Equal([-32600, -32601], responses.Skip(2).Take(2).Select(r => (int)r!["error"]!["code"]!));
        Assert.Equal("get_data", (string?)responses[4]!["result"]);
    }

    [Fact]
    public async Task A_batch_that_is_too_long_is_refused_as_a_whole()
    {
        var batch = $"[{string.Join(',', Enumerable.Repeat("""{"jsonrpc":"2.0","method":"probe.Forget","params":["k","too many"]}""", 21))}]";
        var response = Parse(await _host.PostAsync("/jsonrpc", batch).OkAsync());
        Assert.Equal(-32600, (int?)response["error"]!["code"]);
        Assert.Contains("20", (string?)response["error"]!["message"], StringComparison.Ordinal);
        Assert.False(_host.Grains.Forgotten.Task.IsCompleted);
    }

    [Fact]
    public async Task A_wrong_argument_is_named_in_the_data()
    {
        var error = Parse(await _host.PostAsync("/jsonrpc", """{"jsonrpc":"2.0","method":"probe.Add","params":{"key":"k","a":"x"},"id":1}""").OkAsync())["error"]!;
        Assert.Equal(-32602, (int?)error["code"]);
        Assert.Equal("INVALID_ARGUMENT", (string?)error["data"]!["code"]);
        Assert.Equal("a", (string?)error["data"]!["errors"]![0]!["field"]);
        Assert.Matches("^[0-9a-f]{32}$", (string?)error["data"]!["traceId"]);
    }

    [Theory]
    [InlineData("""["k",1,2,3]""", "params has more than 3 values; by position they are key, a, b")]
    [InlineData("""{"key":"k","a":1,"c":2}""", "c")]
    [InlineData("""{"a":1}""", "key")]
    [InlineData("""[]""", "key")]
    [InlineData("""["k",[[[[[[[[[1]]]]]]]]]]""", "")]
    public async Task Params_that_do_not_fit_are_wrong_arguments(string parameters, string problem)
    {
        var error = Parse(await _host.PostAsync("/jsonrpc", $$"""{"jsonrpc":"2.0","method":"probe.Add","params":{{parameters}},"id":1}""").OkAsync())["error"]!;
        Assert.Contains((int?)error["code"], new int?[] { -32602, -32700 });
        Assert.Contains(problem, (string?)error["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_code_has_a_number_of_its_own()
    {
        var response = Parse(await _host.PostAsync("/jsonrpc", """{"jsonrpc":"2.0","method":"probe.ForAdmins","params":["k"],"id":1}""").OkAsync());
        Assert.Equal(-32007, (int?)response["error"]!["code"]);
        response = Parse(await _host.PostAsync("/jsonrpc", """{"jsonrpc":"2.0","method":"probe.Key","params":["k"],"id":1}""", _host.Anonymous).OkAsync());
        Assert.Equal(-32016, (int?)response["error"]!["code"]);
        response = Parse(await _host.PostAsync("/jsonrpc", """{"jsonrpc":"2.0","method":"probe.WaitBriefly","params":["k"],"id":1}""").OkAsync());
        Assert.Equal(-32004, (int?)response["error"]!["code"]);
    }

    [Fact]
    public async Task A_stream_is_refused_with_where_to_go()
    {
        var error = Parse(await _host.PostAsync("/jsonrpc", """{"jsonrpc":"2.0","method":"probe.Count","params":["k",3],"id":1}""").OkAsync())["error"]!;
        Assert.Equal(-32012, (int?)error["code"]);
        Assert.Contains("text/event-stream", (string?)error["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_json_by_post_is_refused_by_http()
    {
        using (var get = await _host.Client.GetAsync("/jsonrpc"))
        {
            Assert.Equal(HttpStatusCode.MethodNotAllowed, get.StatusCode);
            Assert.Equal("POST", get.Content.Headers.Allow.Single());
        }

        using var text = await _host.Client.PostAsync("/jsonrpc", new StringContent("{}", Encoding.UTF8, "text/plain"));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, text.StatusCode);
        await _host.PostAsync("/jsonrpc", new string(' ', 9000)).ProblemAsync(413, "RESOURCE_EXHAUSTED");
    }

    [Fact]
    public async Task Bytes_that_are_no_utf8_are_a_parse_error()
    {
        byte[] message = [.. """{"jsonrpc":"2.0","id":1,"method":"probe."""u8, 0xC3, 0x28, .. "\"}"u8];
        using var content = new ByteArrayContent(message);
        content.Headers.ContentType = new("application/json");
        var response = Parse(await _host.Client.PostAsync("/jsonrpc", content).OkAsync());
        Assert.Equal(-32700, (int?)response["error"]!["code"]);
    }

    [Fact]
    public async Task Random_damage_ends_in_a_json_rpc_answer()
    {
        var random = new Random(7);
        var good = Encoding.UTF8.GetBytes("""[{"jsonrpc":"2.0","method":"probe.Add","params":{"key":"k","a":1},"id":1},{"jsonrpc":"2.0","method":"probe.Key","params":["k"],"id":"x"}]""");
        for (var i = 0; i < 500; i++)
        {
            var bytes = (byte[])good.Clone();
            for (var n = random.Next(1, 4); n > 0; n--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            using var content = new ByteArrayContent(bytes, 0, random.Next(1, bytes.Length + 1));
            content.Headers.ContentType = new("application/json");
            using var response = await _host.Client.PostAsync("/jsonrpc", content);
            var text = await response.Content.ReadAsStringAsync();
            Assert.Contains((int)response.StatusCode, new[] { 200, 204 });
            if (text.Length > 0) JsonDocument.Parse(text).Dispose();
        }
    }

    private static JsonObject Parse(string text) => JsonNode.Parse(text)!.AsObject();
}
