using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Granary.Gateway.Tests.Support;
using Granary.Rpc;

namespace Granary.Gateway.Tests;

/// <summary>The Connect protocol by hand: both encodings, GET, streams, compression, and every way to fail.</summary>
public sealed class ConnectTests : IAsyncLifetime
{
    private GatewayHost _host = null!;

    public async Task InitializeAsync() => _host = await GatewayHost.StartAsync(options =>
    {
        options.Limits.BodyBytes = 64 * 1024;
        options.Limits.KeyLength = 100;
    });

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_call_in_json_is_answered(string version)
    {
        using var response = await PostAsync("Multiply", "application/json", """{"key":"a","a":7,"b":8}"""u8.ToArray(), version: version);
        Assert.Equal("""{"result":56}""", await response.Content.ReadAsStringAsync());
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task A_call_in_protobuf_is_answered()
    {
        using var response = await PostAsync("Multiply", "application/proto", GrpcClient.Multiply(7, 8));
        Assert.Equal(56, GrpcClient.Double(await response.Content.ReadAsByteArrayAsync()));
        Assert.Equal("application/proto", response.Content.Headers.ContentType!.MediaType);
    }

    [Theory]
    [InlineData("Multiply", """{"key":"a","b":8}""", """{"result":0}""")]
    [InlineData("Multiply", """{"key":"a","a":2,"b":3,"unknown":[1,{"x":2}]}""", """{"result":6}""")]
    [InlineData("Nothing", """{"key":"a"}""", "{}")]
    [InlineData("Forget", """{"key":"a","text":"x"}""", "{}")]
    [InlineData("Add", """{"key":"a","a":1,"b":"9007199254740993"}""", """{"result":"9007199254740994"}""")]
    public async Task Messages_are_proto3_json(string method, string body, string answer)
    {
        using var response = await PostAsync(method, "application/json", Encoding.UTF8.GetBytes(body));
        Assert.Equal(answer, await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("encoding=json&message=%7B%22key%22%3A%22a%22%2C%22a%22%3A1%2C%22b%22%3A2%7D&connect=v1")]
    [InlineData("encoding=json&base64=1&message=eyJrZXkiOiJhIiwiYSI6MSwiYiI6Mn0")]
    [InlineData("encoding=json&base64=1&message=eyJrZXkiOiJhIiwiYSI6MSwiYiI6Mn0%3D")]
    public async Task What_only_reads_may_be_called_by_get(string query)
    {
        using var response = await _host.Client.GetAsync("/granary.tests.v1.Probe/Add?" + query);
        Assert.Equal("""{"result":"3"}""", await response.Content.ReadAsStringAsync());
        Assert.True(response.Headers.CacheControl!.NoStore);
    }

    [Fact]
    public async Task A_get_may_be_protobuf_and_compressed()
    {
        var message = Convert.ToBase64String(GrpcClient.Zip(GrpcClient.Keyed())).Replace('+', '-').Replace('/', '_').TrimEnd('=');
        using var response = await _host.Client.GetAsync("/granary.tests.v1.Probe/Key?encoding=proto&base64=1&compression=gzip&message=" + message);
        Assert.Equal("a", GrpcClient.String(await response.Content.ReadAsByteArrayAsync()));
    }

    [Theory]
    [InlineData("Add?encoding=xml&message=x", 400, "invalid_argument")]
    [InlineData("Add?encoding=json", 400, "invalid_argument")]
    [InlineData("Add?encoding=json&message=x", 400, "invalid_argument")]
    [InlineData("Add?encoding=json&base64=1&message=!!", 400, "invalid_argument")]
    [InlineData("Add?encoding=json&message={}&connect=v2", 400, "invalid_argument")]
    [InlineData("Add?encoding=json&message={}&compression=br", 501, "unimplemented")]
    [InlineData("Multiply?encoding=json&message={}", 405, "unimplemented")]
    [InlineData("Count?encoding=json&message={}", 405, "unimplemented")]
    public async Task A_get_that_is_wrong_is_told_so(string address, int status, string code)
    {
        using var response = await _host.Client.GetAsync("/granary.tests.v1.Probe/" + address);
        await ErrorAsync(response, status, code);
    }

    [Theory]
    [InlineData(StatusCode.Cancelled, 499, "canceled")]
    [InlineData(StatusCode.Unknown, 500, "unknown")]
    [InlineData(StatusCode.InvalidArgument, 400, "invalid_argument")]
    [InlineData(StatusCode.DeadlineExceeded, 504, "deadline_exceeded")]
    [InlineData(StatusCode.NotFound, 404, "not_found")]
    [InlineData(StatusCode.AlreadyExists, 409, "already_exists")]
    [InlineData(StatusCode.PermissionDenied, 403, "permission_denied")]
    [InlineData(StatusCode.ResourceExhausted, 429, "resource_exhausted")]
    [InlineData(StatusCode.FailedPrecondition, 400, "failed_precondition")]
    [InlineData(StatusCode.Aborted, 409, "aborted")]
    [InlineData(StatusCode.OutOfRange, 400, "out_of_range")]
    [InlineData(StatusCode.Unimplemented, 501, "unimplemented")]
    [InlineData(StatusCode.Internal, 500, "internal")]
    [InlineData(StatusCode.Unavailable, 503, "unavailable")]
    [InlineData(StatusCode.DataLoss, 500, "data_loss")]
    [InlineData(StatusCode.Unauthenticated, 401, "unauthenticated")]
    public async Task Each_code_has_its_status_and_its_name(StatusCode code, int status, string name)
    {
        using var response = await PostAsync("Fail", "application/json", Encoding.UTF8.GetBytes($$"""{"key":"a","how":"{{code}}"}"""));
        Assert.Equal("told to: " + code, (await ErrorAsync(response, status, name)).GetProperty("message").GetString());
    }

    [Fact]
    public async Task An_errors_details_arrive()
    {
        using var response = await PostAsync("Fail", "application/json", """{"key":"a","how":"InvalidArgument"}"""u8.ToArray());
        var detail = Assert.Single((await ErrorAsync(response, 400, "invalid_argument")).GetProperty("details").EnumerateArray());
        Assert.Equal("google.rpc.BadRequest", detail.GetProperty("type").GetString());
        Assert.DoesNotContain("=", detail.GetProperty("value").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_is_wrong_is_told_so()
    {
        await RefusedAsync("Multiply", "text/plain", "x", 415, "unimplemented");
        await RefusedAsync("Multiply", "application/connect+json", "x", 415, "unimplemented");
        await RefusedAsync("Count", "application/json", "{}", 415, "unimplemented");
        await RefusedAsync("Multiply", "application/json", "{", 400, "invalid_argument");
        await RefusedAsync("Multiply", "application/json", "", 400, "invalid_argument");
        await RefusedAsync("Multiply", "application/json", "[]", 400, "invalid_argument");
        await RefusedAsync("Multiply", "application/json", """{"a":1,"b":2}""", 400, "invalid_argument");
        await RefusedAsync("Multiply", "application/json", $$"""{"key":"{{new string('k', 101)}}"}""", 400, "invalid_argument");
        await RefusedAsync("Multiply", "application/proto", "\xff\xff", 400, "invalid_argument");
        await RefusedAsync("Multiply", "application/json", new string(' ', 65 * 1024), 429, "resource_exhausted");
        await RefusedAsync("Multiply", "application/json", "{}", 501, "unimplemented", ("Content-Encoding", "br"));
        await RefusedAsync("Multiply", "application/json", "{}", 400, "invalid_argument", ("Content-Encoding", "gzip"));
        await RefusedAsync("Multiply", "application/json", "{}", 400, "invalid_argument", ("Connect-Protocol-Version", "2"));
        await RefusedAsync("Multiply", "application/json", "{}", 400, "invalid_argument", ("Connect-Timeout-Ms", "soon"));
        await RefusedAsync("Wait", "application/json", """{"key":"a"}""", 504, "deadline_exceeded", ("Connect-Timeout-Ms", "50"));
        await RefusedAsync("ForAdmins", "application/json", """{"key":"a"}""", 403, "permission_denied");
    }

    [Fact]
    public async Task Who_is_nobody_is_unauthenticated()
    {
        using var content = new StringContent("{}", Encoding.UTF8, "application/json");
        using var response = await _host.Anonymous.PostAsync("/granary.tests.v1.Probe/Multiply", content);
        await ErrorAsync(response, 401, "unauthenticated");
    }

    [Fact]
    public async Task Messages_may_be_compressed()
    {
        var text = new string('x', 20_000);
        var body = GrpcClient.Zip(Encoding.UTF8.GetBytes($$"""{"key":"a","part":1,"name":"{{text}}"}"""));
        using var response = await PostAsync("SetPart", "application/json", body, headers: [("Content-Encoding", "gzip"), ("Accept-Encoding", "br, gzip;q=0.5")]);
        Assert.Equal("gzip", Assert.Single(response.Content.Headers.ContentEncoding));
        Assert.Contains(text, Encoding.UTF8.GetString(GrpcClient.Unzip(await response.Content.ReadAsByteArrayAsync())), StringComparison.Ordinal);

        var bomb = GrpcClient.Zip(new byte[3_000_000]);
        using var refused = await PostAsync("SetPart", "application/json", bomb, headers: [("Content-Encoding", "gzip")]);
        await ErrorAsync(refused, 429, "resource_exhausted");
    }

    [Theory]
    [InlineData("application/connect+json")]
    [InlineData("application/connect+proto")]
    public async Task A_stream_of_results_ends_with_its_end(string contentType)
    {
        var message = contentType.EndsWith("json", StringComparison.Ordinal) ? """{"key":"a","to":100}"""u8.ToArray() : GrpcClient.Number(100);
        using var response = await PostAsync("Count", contentType, GrpcClient.Frame(message));
        Assert.Equal(contentType, response.Content.Headers.ContentType!.MediaType);
        var frames = GrpcAnswer.FramesOf(await response.Content.ReadAsByteArrayAsync()).ToList();
        Assert.Equal(101, frames.Count);
        Assert.Equal((2, "{}"), (frames[^1].Flags, Encoding.UTF8.GetString(frames[^1].Bytes)));
        if (contentType.EndsWith("json", StringComparison.Ordinal)) Assert.Equal("""{"result":"100"}""", Encoding.UTF8.GetString(frames[99].Bytes));
        else Assert.Equal(100, GrpcClient.Integer(frames[99].Bytes));
    }

    [Fact]
    public async Task A_callers_stream_in_json_is_answered_once()
    {
        byte[] body =
        [
            .. GrpcClient.Frame("""{"key":"a","start":100}"""u8.ToArray()),
            .. GrpcClient.Frame("""{"item":1}"""u8.ToArray()),
            .. GrpcClient.Frame("""{"item":0}"""u8.ToArray()),
            .. GrpcClient.Frame("""{"item":2.5}"""u8.ToArray()),
        ];
        using var response = await PostAsync("Sum", "application/connect+json", body);
        var frames = GrpcAnswer.FramesOf(await response.Content.ReadAsByteArrayAsync()).ToList();
        Assert.Equal(["""{"result":103.5}""", "{}"], frames.Select(f => Encoding.UTF8.GetString(f.Bytes)));
    }

    [Theory]
    [InlineData("Break", """{"key":"a","after":2,"how":"NotFound"}""", 2, "not_found")]
    [InlineData("Break", """{"key":"a","after":0,"how":"NotFound"}""", 0, "not_found")]
    [InlineData("Count", "{", 0, "invalid_argument")]
    [InlineData("Count", "{}", 0, "invalid_argument")]
    public async Task An_error_is_in_the_end_of_the_stream(string method, string message, int items, string code)
    {
        using var response = await PostAsync(method, "application/connect+json", GrpcClient.Frame(Encoding.UTF8.GetBytes(message)));
        Assert.Equal(200, (int)response.StatusCode);
        var frames = GrpcAnswer.FramesOf(await response.Content.ReadAsByteArrayAsync()).ToList();
        Assert.Equal(items + 1, frames.Count);
        Assert.Equal(2, frames[^1].Flags);
        using var end = JsonDocument.Parse(frames[^1].Bytes);
        Assert.Equal(code, end.RootElement.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_stream_may_be_compressed_both_ways()
    {
        using var response = await PostAsync(
            "Break", "application/connect+json", GrpcClient.Frame(GrpcClient.Zip("""{"key":"a","after":1,"how":"Aborted"}"""u8.ToArray()), flags: 1),
            headers: [("Connect-Content-Encoding", "gzip"), ("Connect-Accept-Encoding", "gzip")]);
        Assert.Equal("gzip", Assert.Single(response.Headers.GetValues("Connect-Content-Encoding")));
        Assert.Equal(2, GrpcAnswer.FramesOf(await response.Content.ReadAsByteArrayAsync()).Count());
    }

    private async Task RefusedAsync(string method, string contentType, string body, int status, string code, params (string Name, string Value)[] headers)
    {
        using var response = await PostAsync(method, contentType, Encoding.Latin1.GetBytes(body), headers: headers);
        await ErrorAsync(response, status, code);
    }

    private static async Task<JsonElement> ErrorAsync(HttpResponseMessage response, int status, string code)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        using var json = JsonDocument.Parse(text);
        Assert.Equal(code, json.RootElement.GetProperty("code").GetString());
        return json.RootElement.Clone();
    }

    private async Task<HttpResponseMessage> PostAsync(string method, string contentType, byte[] body, string version = "1.1", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/granary.tests.v1.Probe/" + method) { Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value)) request.Content.Headers.TryAddWithoutValidation(name, value);
        }

        return await _host.Client.SendAsync(request);
    }
}
