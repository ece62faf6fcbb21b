using System.Net.Http.Headers;
using System.Text;
using Granary.Gateway.Tests.Support;

namespace Granary.Gateway.Tests;

public sealed class ArgumentTests : IAsyncLifetime
{
    private GatewayHost _host = null!;

    public async Task InitializeAsync() => _host = await GatewayHost.StartAsync(options =>
    {
        options.Limits.BodyBytes = 4096;
        options.Limits.JsonDepth = 8;
    });

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_call_by_post_answers_its_result() =>
        Assert.Equal("56", await _host.PostAsync("/rpc/probe/a/Multiply", """{"a":7,"b":8}""").OkAsync());

    [Fact]
    public async Task A_reading_call_by_get_takes_its_arguments_from_the_query() =>
        Assert.Equal("9", await _host.Client.GetAsync("/rpc/probe/a/Add?a=7&b=%32").OkAsync());

    [Fact]
    public async Task An_argument_with_a_default_may_be_left_out()
    {
        Assert.Equal("12", await _host.Client.GetAsync("/rpc/probe/a/Add?a=7").OkAsync());
        Assert.Equal("12", await _host.PostAsync("/rpc/probe/a/Add", """{"a":7}""").OkAsync());
    }

    [Fact]
    public async Task Objects_and_lists_go_in_and_come_out()
    {
        var result = await _host.PostAsync("/rpc/probe/a/Pack", """{"parcel":{"to":"Zoë \"x\" <b>","weight":1.5,"urgency":"express","inner":[{"to":"y"}]},"sizes":[1,2,3]}""").OkAsync();
        Assert.Equal("""{"to":"Zoë \"x\" <b>","weight":7.5,"inner":[{"to":"y","weight":0,"inner":[],"urgency":"Normal"}],"urgency":"Express"}""", result);
    }

    [Fact]
    public async Task A_result_that_is_null_is_the_json_null() =>
        Assert.Equal("null", await _host.PostAsync("/rpc/probe/a/Pack", """{"parcel":null,"sizes":[]}""").OkAsync());

    [Fact]
    public async Task A_method_without_a_result_answers_204_and_needs_no_body()
    {
        Assert.Equal("", await _host.Client.PostAsync("/rpc/probe/a/Nothing", null).OkAsync(204));
        Assert.Equal("", await _host.PostAsync("/rpc/probe/a/Nothing", "{}").OkAsync(204));
    }

    [Fact]
    public async Task A_one_way_call_answers_202()
    {
        Assert.Equal("", await _host.PostAsync("/rpc/probe/a/Forget", """{"text":"me"}""").OkAsync(202));
        Assert.Equal("me", await _host.Grains.Forgotten.Task);
    }

    [Theory]
    [InlineData("""{"a":7}""", "b")]
    [InlineData("""{}""", "a")]
    [InlineData("""{"a":7,"b":8,"c":9}""", "c")]
    [InlineData("""{"a":7,"b":"eight"}""", "b")]
    [InlineData("""{"a":null,"b":8}""", "a")]
    [InlineData("""{"a":7,"a":7,"b":8}""", "a")]
    [InlineData("""{"A":7,"b":8}""", "A")]
    [InlineData("""{"key":"other","a":7,"b":8}""", "key")]
    public async Task An_argument_that_is_missing_unknown_mistyped_or_doubled_is_400_and_named(string body, string field)
    {
        var problem = await _host.PostAsync("/rpc/probe/a/Multiply", body).ProblemAsync(400, "INVALID_ARGUMENT");
        Assert.Equal(field, Assert.Single(problem.Errors).Field);
    }

    [Theory]
    [InlineData("""{"parcel":{"to":1},"sizes":[]}""", "parcel.to")]
    [InlineData("""{"parcel":{"to":"x","inner":[{"to":"y"},{"weight":"heavy","to":"z"}]},"sizes":[]}""", "parcel.inner[1].weight")]
    [InlineData("""{"parcel":{"to":"x","urgency":"yesterday"},"sizes":[]}""", "parcel.urgency")]
    [InlineData("""{"parcel":null,"sizes":[1,2147483648]}""", "sizes[1]")]
    [InlineData("""{"parcel":{"to":"x","colour":"red"},"sizes":[]}""", "parcel.colour")]
    public async Task An_error_within_an_argument_names_its_path(string body, string field)
    {
        var problem = await _host.PostAsync("/rpc/probe/a/Pack", body).ProblemAsync(400, "INVALID_ARGUMENT");
        Assert.Equal(field, Assert.Single(problem.Errors).Field);
    }

    [Theory]
    [InlineData("a=x", "a")]
    [InlineData("", "a")]
    [InlineData("a=1&c=2", "c")]
    [InlineData("a=1&a=2", "a")]
    [InlineData("a=1&b=99999999999999999999", "b")]
    [InlineData("a=%E9", "a")]
    [InlineData("a=%2", "a")]
    public async Task A_wrong_query_is_400_and_named(string query, string field)
    {
        var problem = await _host.Client.GetAsync("/rpc/probe/a/Add?" + query).ProblemAsync(400, "INVALID_ARGUMENT");
        Assert.Equal(field, Assert.Single(problem.Errors).Field);
    }

    [Theory]
    [InlineData("""{"a":7,"b":8""")]
    [InlineData("""{"a":7,"b":8}}""")]
    [InlineData("""{"a":7,"b":8} {}""")]
    [InlineData("""{'a':7}""")]
    [InlineData("""{"a":7,/* why */"b":8}""")]
    [InlineData("""{"a":7,"b":8,}""")]
    [InlineData("<xml/>")]
    [InlineData(" ")]
    public async Task A_body_that_is_no_json_is_400_and_says_where(string body)
    {
        var problem = await _host.PostAsync("/rpc/probe/a/Multiply", body).ProblemAsync(400, "INVALID_ARGUMENT");
        Assert.Contains("not JSON: line 1, byte ", problem.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[7,8]")]
    [InlineData("7")]
    [InlineData("null")]
    public async Task A_body_that_is_no_object_is_400(string body)
    {
        var problem = await _host.PostAsync("/rpc/probe/a/Multiply", body).ProblemAsync(400, "INVALID_ARGUMENT");
        Assert.Contains("object", problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_is_not_utf8_is_400()
    {
        var content = new ByteArrayContent([.. "{\"text\":\""u8, 0xFF, 0xFE, .. "\"}"u8]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        await _host.Client.PostAsync("/rpc/probe/a/Forget", content).ProblemAsync(400, "INVALID_ARGUMENT");
    }

    [Fact]
    public async Task A_body_that_is_nested_too_deep_is_400_and_says_so()
    {
        var body = $$"""{"parcel":{{string.Concat(Enumerable.Repeat("{\"to\":\"x\",\"inner\":[", 20))}}{{string.Concat(Enumerable.Repeat("]}", 20))}},"sizes":[]}""";
        var problem = await _host.PostAsync("/rpc/probe/a/Pack", body).ProblemAsync(400, "INVALID_ARGUMENT");
        Assert.Contains("deeper than 8 levels", problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_413_whether_its_length_is_told_or_not()
    {
        var body = $$"""{"text":"{{new string('x', 5000)}}"}""";
        var problem = await _host.PostAsync("/rpc/probe/a/Forget", body).ProblemAsync(413, "RESOURCE_EXHAUSTED");
        Assert.Contains("4096 bytes", problem.Detail, StringComparison.Ordinal);

        using var request = new HttpRequestMessage(HttpMethod.Post, "/rpc/probe/a/Forget") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.TransferEncodingChunked = true;
        await _host.Client.SendAsync(request).ProblemAsync(413, "RESOURCE_EXHAUSTED");
    }

    [Fact]
    public async Task A_body_in_many_small_pieces_is_read_whole()
    {
        await using var raw = await RawClient.ConnectAsync(_host);
        var body = """{"a":7,"b":8}""";
        await raw.SendAsync($"POST /rpc/probe/a/Multiply HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {_host.Token("alice")}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n");
        foreach (var c in body) await raw.SendAsync(c.ToString());
        var answer = await raw.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.EndsWith("56", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Transfer-Encoding: chunked", "zz\r\n{}\r\n0\r\n\r\n", "400")]
    [InlineData("Transfer-Encoding: chunked", "2\r\n{}xx0\r\n\r\n", "400")]
    [InlineData("Content-Length: 2\r\nContent-Length: 3", "{} ", "400")]
    [InlineData("Content-Length: -1", "", "400")]
    [InlineData("Content-Length: 10000", "{}", "413")]
    public async Task A_body_that_is_framed_badly_is_refused(string header, string body, string status)
    {
        await using var raw = await RawClient.ConnectAsync(_host);
        await raw.SendAsync($"POST /rpc/probe/a/Nothing HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {_host.Token("alice")}\r\nContent-Type: application/json\r\n{header}\r\n\r\n{body}");
        Assert.StartsWith("HTTP/1.1 " + status, await raw.ReadUntilAsync("\r\n\r\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/json; charset=iso-8859-1")]
    [InlineData(null)]
    public async Task A_body_of_another_type_is_415(string? type)
    {
        var content = new ByteArrayContent("""{"a":7,"b":8}"""u8.ToArray());
        if (type is not null) content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        var problem = await _host.Client.PostAsync("/rpc/probe/a/Multiply", content).ProblemAsync(415, "INVALID_ARGUMENT");
        Assert.Contains("application/json", problem.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("Application/JSON;charset=\"UTF-8\"")]
    public async Task A_body_of_json_may_say_that_it_is_utf8(string type)
    {
        var content = new ByteArrayContent("""{"a":7,"b":8}"""u8.ToArray());
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        Assert.Equal("56", await _host.Client.PostAsync("/rpc/probe/a/Multiply", content).OkAsync());
    }

    [Fact]
    public async Task A_compressed_body_is_415()
    {
        var content = new StringContent("{}", Encoding.UTF8, "application/json");
        content.Headers.ContentEncoding.Add("gzip");
        await _host.Client.PostAsync("/rpc/probe/a/Nothing", content).ProblemAsync(415, "INVALID_ARGUMENT");
    }

    [Fact]
    public async Task Arguments_of_a_post_may_not_be_in_the_query() =>
        await _host.PostAsync("/rpc/probe/a/Multiply?a=7", """{"a":7,"b":8}""").ProblemAsync(400, "INVALID_ARGUMENT");
}
