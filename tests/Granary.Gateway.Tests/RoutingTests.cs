using Granary.Gateway.Tests.Support;

namespace Granary.Gateway.Tests;

public sealed class RoutingTests : IAsyncLifetime
{
    private GatewayHost _host = null!;

    public async Task InitializeAsync() => _host = await GatewayHost.StartAsync();

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("/rpc/nosuch/a/Key", "no service 'nosuch'")]
    [InlineData("/rpc/probe/a/NoSuch", "no method 'NoSuch'")]
    [InlineData("/rpc/probe/a/key", "no method 'key'")]
    [InlineData("/rpc/Probe/a/Key", "no service 'Probe'")]
    [InlineData("/v3/rpc/probe/a/Key", "no version 3, but 1, 2")]
    [InlineData("/v2/rpc/probe/a/Multiply", "version 2 has no method")]
    [InlineData("/rpc/hidden/a/Secret", "no service 'hidden'")]
    [InlineData("/rpc/IHiddenGrain/a/Secret", "no service")]
    [InlineData("/rpc/probe/a", "{service}/{key}/{Method}")]
    [InlineData("/rpc/probe", "{service}/{key}/{Method}")]
    [InlineData("/rpc/", "{service}/{key}/{Method}")]
    [InlineData("/rpc/probe/a/Key/more", "%2F")]
    [InlineData("/rpc/probe/a/Key/", "{service}/{key}/{Method}")]
    [InlineData("/rpc/probe//Key/x/y", "%2F")]
    public async Task An_address_that_leads_nowhere_is_404_and_says_why(string path, string detail)
    {
        var problem = await _host.PostAsync(path, "{}").ProblemAsync(404, "NOT_FOUND");
        Assert.Contains(detail, problem.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/nothing/here")]
    [InlineData("/")]
    [InlineData("/v1")]
    [InlineData("/vx/rpc/probe/a/Key")]
    public async Task Any_other_address_is_404_too(string path) => await _host.Client.GetAsync(path).ProblemAsync(404, "NOT_FOUND");

    [Theory]
    [InlineData("GET", "/rpc/probe/a/Multiply", "POST")]
    [InlineData("PUT", "/rpc/probe/a/Key", "GET, POST")]
    [InlineData("DELETE", "/rpc/probe/a/Key", "GET, POST")]
    [InlineData("GET", "/rpc/probe/a/Sum", "POST")]
    [InlineData("DELETE", "/things/a/parts/1", "GET, PUT")]
    [InlineData("GET", "/parcels", "POST")]
    public async Task A_verb_that_an_address_does_not_have_is_405_with_those_it_has(string verb, string path, string allow)
    {
        var problem = await _host.Client.SendAsync(new HttpRequestMessage(new HttpMethod(verb), path)).ProblemAsync(405, "UNIMPLEMENTED");
        Assert.Equal(allow, string.Join(", ", problem.Response.Content.Headers.Allow.Order(StringComparer.Ordinal)));
    }

    [Fact]
    public async Task Options_tells_the_verbs()
    {
        using var response = await _host.Anonymous.SendAsync(new HttpRequestMessage(HttpMethod.Options, "/rpc/probe/a/Key"));
        Assert.Equal(204, (int)response.StatusCode);
        Assert.Equal(["GET", "POST"], response.Content.Headers.Allow);
    }

    [Theory]
    [InlineData("simple", "simple")]
    [InlineData("a%2Fb", "a/b")]
    [InlineData("a%252Fb", "a%2Fb")]
    [InlineData("a+b%20c", "a+b c")]
    [InlineData("Zo%C3%AB", "Zoë")]
    [InlineData("%F0%9F%8C%BE", "🌾")]
    [InlineData("..%2F..%2Fetc", "../../etc")]
    [InlineData("a%00b", "a\0b")]
    public async Task A_key_arrives_as_it_was_before_encoding(string encoded, string key)
    {
        // By hand, since HttpClient tidies addresses up.
        await using var raw = await RawClient.ConnectAsync(_host);
        await raw.SendAsync($"GET /rpc/probe/{encoded}/Key HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {_host.Token("alice")}\r\nConnection: close\r\n\r\n");
        var answer = await raw.ReadToEndAsync();
        if (key.Contains('\0', StringComparison.Ordinal))
        {
            // The server itself refuses a NUL.
            Assert.StartsWith("HTTP/1.1 400", answer, StringComparison.Ordinal);
            return;
        }

        Assert.Equal(key, System.Text.Json.JsonSerializer.Deserialize<string>(answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]));
    }

    [Theory]
    [InlineData("GET", "/rpc/probe/%E9/Key")]
    [InlineData("GET", "/rpc/probe/%zz/Key")]
    [InlineData("GET", "/rpc/probe//Key")]
    public async Task A_key_that_is_badly_encoded_or_empty_is_400(string verb, string path)
    {
        await using var raw = await RawClient.ConnectAsync(_host);
        await raw.SendAsync($"{verb} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {_host.Token("alice")}\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400", await raw.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/rpc/numbered/abc/Key", "numbered")]
    [InlineData("/rpc/numbered/9223372036854775808/Key", "numbered")]
    [InlineData("/rpc/unique/42/Key", "unique")]
    public async Task A_key_of_another_kind_is_400_and_says_what_is_accepted(string path, string service)
    {
        var problem = await _host.Client.GetAsync(path).ProblemAsync(400, "INVALID_ARGUMENT");
        Assert.Equal("key", Assert.Single(problem.Errors).Field);
        Assert.Contains(service == "numbered" ? "whole number" : "GUID", problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_of_each_kind_work()
    {
        Assert.Equal("-42", await _host.Client.GetAsync("/rpc/numbered/-42/Key").OkAsync());
        var id = Guid.NewGuid();
        Assert.Equal($"\"{id}\"", await _host.Client.GetAsync($"/rpc/unique/{id}/Key").OkAsync());
    }

    [Fact]
    public async Task A_key_that_is_too_long_is_400() =>
        await _host.Client.GetAsync($"/rpc/probe/{new string('k', 513)}/Key").ProblemAsync(400, "INVALID_ARGUMENT");

    [Fact]
    public async Task Versions_are_served_side_by_side()
    {
        Assert.Equal("\"a\"", await _host.Client.GetAsync("/rpc/probe/a/Key").OkAsync());
        Assert.Equal("\"a\"", await _host.Client.GetAsync("/v1/rpc/probe/a/Key").OkAsync());
        Assert.Equal("2", await _host.PostAsync("/v2/rpc/probe/a/OnlyInTwo", "{}").OkAsync());
        await _host.PostAsync("/rpc/probe/a/OnlyInTwo", "{}").ProblemAsync(404, "NOT_FOUND");
    }

    [Fact]
    public async Task A_header_may_name_the_version()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/rpc/probe/a/OnlyInTwo");
        request.Headers.Add("Api-Version", "2");
        Assert.Equal("2", await _host.Client.SendAsync(request).OkAsync());
        using var wrong = new HttpRequestMessage(HttpMethod.Post, "/rpc/probe/a/OnlyInTwo");
        wrong.Headers.Add("Api-Version", "two");
        await _host.Client.SendAsync(wrong).ProblemAsync(400, "INVALID_ARGUMENT");
    }

    [Fact]
    public async Task Custom_routes_take_arguments_from_path_query_and_body()
    {
        Assert.Equal("\"box/7=lid!\"", await _host.Client.PutAsync("/things/box/parts/7", Json("""{"name":"lid","fast":true}""")).OkAsync());
        Assert.Equal("\"box/7mm\"", await _host.Client.GetAsync("/things/box/parts/7?unit=mm").OkAsync());
        Assert.Equal("\"a/b/7\"", await _host.Client.GetAsync("/things/a%2Fb/parts/7").OkAsync());
    }

    [Fact]
    public async Task Custom_routes_name_what_is_wrong()
    {
        Assert.Equal("part", Assert.Single((await _host.Client.GetAsync("/things/box/parts/x").ProblemAsync(400, "INVALID_ARGUMENT")).Errors).Field);
        Assert.Equal("name", Assert.Single((await _host.Client.PutAsync("/things/box/parts/7", Json("{}")).ProblemAsync(400, "INVALID_ARGUMENT")).Errors).Field);
        Assert.Equal("part", Assert.Single((await _host.Client.PutAsync("/things/box/parts/7", Json("""{"name":"lid","part":8}""")).ProblemAsync(400, "INVALID_ARGUMENT")).Errors).Field);
    }

    [Fact]
    public async Task A_key_in_the_body_finds_its_grain()
    {
        Assert.Equal("\"p1:p1:3\"", await _host.PostAsync("/parcels", """{"name":"p1","pieces":3}""").OkAsync());
        Assert.Equal("\"p1:p1:3\"", await _host.PostAsync("/rpc/probe/p1/Register", """{"pieces":3}""").OkAsync());
        Assert.Equal("name", Assert.Single((await _host.PostAsync("/parcels", """{"pieces":3}""").ProblemAsync(400, "INVALID_ARGUMENT")).Errors).Field);
        await _host.PostAsync("/rpc/probe/p2/Register", """{"name":"p1","pieces":3}""").ProblemAsync(400, "INVALID_ARGUMENT");
    }

    [Fact]
    public async Task A_deprecated_method_says_so()
    {
        using var response = await _host.PostAsync("/rpc/probe/a/Old", "{}");
        Assert.Equal("@0", Assert.Single(response.Headers.GetValues("Deprecation")));
        Assert.Equal("Tue, 01 Jun 2027 00:00:00 GMT", Assert.Single(response.Headers.GetValues("Sunset")));
        using var byJsonRpc = await _host.PostAsync("/jsonrpc", """{"jsonrpc":"2.0","id":1,"method":"probe.Old","params":["a"]}""");
        Assert.Equal("@0", Assert.Single(byJsonRpc.Headers.GetValues("Deprecation")));
        using var current = await _host.PostAsync("/rpc/probe/a/Nothing", "{}");
        Assert.False(current.Headers.Contains("Deprecation"));
    }

    private static StringContent Json(string text) => new(text, System.Text.Encoding.UTF8, "application/json");
}
