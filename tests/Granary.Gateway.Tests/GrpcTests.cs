using System.Net;
using System.Text;
using System.Threading.Channels;
using Granary.Gateway.Tests.Support;
using Granary.Rpc;

namespace Granary.Gateway.Tests;

/// <summary>gRPC calls with one message each way: heads, frames, compression, metadata, and every way to fail.</summary>
public sealed class GrpcTests : IAsyncLifetime
{
    private GatewayHost _host = null!;
    private GrpcClient _client = null!;

    public async Task InitializeAsync()
    {
        _host = await GatewayHost.StartAsync(
            options =>
            {
                options.Limits.BodyBytes = 64 * 1024;
                options.Limits.KeyLength = 100;
                options.Metadata.Headers.Add("x-note");
                options.Metadata.Headers.Add("x-blob-bin");
            });
        _client = new GrpcClient(_host);
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("application/grpc")]
    [InlineData("application/grpc+proto")]
    [InlineData("application/grpc;charset=utf-8")]
    [InlineData("Application/GRPC")]
    public async Task A_call_is_answered(string contentType)
    {
        var answer = (await new GrpcClient(_host, contentType).CallAsync("Multiply", GrpcClient.Multiply(7, 8))).Ok();
        Assert.Equal(56, GrpcClient.Double(Assert.Single(answer.Messages)));
        Assert.Equal("application/grpc", answer.Headers["content-type"]);
        Assert.Equal("0", answer.Trailers["grpc-status"]);
    }

    [Fact]
    public async Task Many_calls_at_once_get_their_own_answers()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 500).Select(i => _client.CallAsync("Multiply", GrpcClient.Multiply(i, 2))));
        Assert.Equal(Enumerable.Range(0, 500).Select(i => i * 2.0), answers.Select(a => GrpcClient.Double(a.Ok().Messages[0])));
    }

    [Fact]
    public async Task A_call_without_a_result_has_an_empty_message() => Assert.Empty(Assert.Single((await _client.CallAsync("Nothing", GrpcClient.Keyed())).Ok().Messages));

    [Fact]
    public async Task A_one_way_call_is_answered_at_once()
    {
        Assert.Empty(Assert.Single((await _client.CallAsync("Forget", GrpcClient.Text("me"))).Ok().Messages));
        Assert.Equal("me", await _host.Grains.Forgotten.Task.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task Versions_are_packages_of_their_own()
    {
        _client.Service = "granary.tests.v2.Probe";
        (await _client.CallAsync("OnlyInTwo", GrpcClient.Keyed())).Ok();
        (await _client.CallAsync("Multiply", GrpcClient.Multiply(1, 2))).Failed(StatusCode.Unimplemented);
    }

    [Fact]
    public async Task A_deprecated_method_says_so()
    {
        var answer = (await _client.CallAsync("Old", GrpcClient.Keyed())).Ok();
        Assert.Equal("@0", answer.Headers["deprecation"]);
        Assert.Contains("2027", answer.Headers["sunset"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/granary.tests.v1.Nobody/Multiply", "no such service")]
    [InlineData("/granary.tests.v1.Probe/Divide", "no such method")]
    [InlineData("/granary.tests.v1.Probe/multiply", "no such method")]
    [InlineData("/", "/package.Service/Method")]
    [InlineData("/a/b/c/d", "/package.Service/Method")]
    public async Task What_is_not_there_is_unimplemented(string path, string says) => Assert.True((await _client.CallAsync(path, GrpcClient.Keyed())).Failed(StatusCode.Unimplemented, says).IsTrailersOnly);

    [Theory]
    [InlineData("application/grpc+json", 415)]
    [InlineData("application/grpc-other", 415)]
    public async Task Another_encoding_of_messages_is_415(string contentType, int status)
    {
        using var response = await PostAsync(contentType, HttpVersion.Version20);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Grpc_over_http_1_is_told_what_to_do()
    {
        using var response = await PostAsync("application/grpc", HttpVersion.Version11);
        Assert.Equal(426, (int)response.StatusCode);
    }

    [Fact]
    public async Task Grpc_by_another_verb_is_405()
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, "/granary.tests.v1.Probe/Multiply") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent([]) };
        request.Content.Headers.TryAddWithoutValidation("content-type", "application/grpc");
        using var response = await _host.Client.SendAsync(request);
        Assert.Equal(405, (int)response.StatusCode);
    }

    public static TheoryData<string, byte[], StatusCode, string> WrongBodies() => new()
    {
        { "nothing", [], StatusCode.Unimplemented, "none came" },
        { "half a head", [0, 0, 0], StatusCode.Internal, "3 of the 5" },
        { "a head alone", [0, 0, 0, 0, 9], StatusCode.Internal, "0 of the 9" },
        { "half a message", GrpcClient.Frame(GrpcClient.Multiply(1, 2))[..^1], StatusCode.Internal, "of the" },
        { "two messages", [.. GrpcClient.Frame(GrpcClient.Multiply(1, 2)), .. GrpcClient.Frame(GrpcClient.Multiply(1, 2))], StatusCode.Unimplemented, "more came" },
        { "something after the message", [.. GrpcClient.Frame(GrpcClient.Multiply(1, 2)), 0], StatusCode.Unimplemented, "more came" },
        { "unknown flags", GrpcClient.Frame(GrpcClient.Multiply(1, 2), flags: 2), StatusCode.Internal, "0x02" },
        { "the flag of trailers", GrpcClient.Frame(GrpcClient.Multiply(1, 2), flags: 0x80), StatusCode.Internal, "0x80" },
        { "compressed, with nothing said", GrpcClient.Frame(GrpcClient.Zip(GrpcClient.Multiply(1, 2)), flags: 1), StatusCode.Internal, "names no compression" },
        { "a length of 4 GB", [0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3], StatusCode.ResourceExhausted, "65536 bytes" },
        { "a message over the limit", GrpcClient.Frame(new byte[64 * 1024 + 1]), StatusCode.ResourceExhausted, "65536 bytes" },
        { "no protobuf", GrpcClient.Frame([0xff, 0xff, 0xff]), StatusCode.InvalidArgument, "Malformed protobuf" },
        { "no key", GrpcClient.Frame([]), StatusCode.InvalidArgument, "key" },
    };

    [Theory]
    [MemberData(nameof(WrongBodies))]
    public async Task A_body_that_is_wrong_has_its_code(string what, byte[] body, StatusCode code, string says)
    {
        Assert.NotNull(what);
        (await _client.SendAsync("Multiply", body)).Failed(code, says);
        (await _client.CallAsync("Multiply", GrpcClient.Multiply(7, 8))).Ok();
    }

    [Fact]
    public async Task A_key_that_is_too_long_is_refused()
    {
        var message = GrpcClient.Message((ref writer) =>
        {
            writer.WriteTag(10);
            writer.WriteString(new string('k', 101));
        });
        (await _client.CallAsync("Key", message)).Failed(StatusCode.InvalidArgument, "longer than 100");
    }

    [Fact]
    public async Task A_message_may_come_in_any_pieces()
    {
        var frame = GrpcClient.Frame(GrpcClient.Multiply(7, 8));
        for (var cut = 1; cut < frame.Length; cut += 3)
        {
            var pieces = Channel.CreateUnbounded<byte[]>();
            pieces.Writer.TryWrite(frame[..cut]);
            pieces.Writer.TryWrite(frame[cut..]);
            pieces.Writer.Complete();
            using var response = await _client.OpenAsync("Multiply", pieces.Reader);
            Assert.Equal(56, GrpcClient.Double((await GrpcAnswer.ReadAsync(response, "")).Ok().Messages[0]));
        }
    }

    [Fact]
    public async Task A_compressed_message_is_unpacked_and_answered_alike()
    {
        _client.Headers["grpc-encoding"] = "gzip";
        _client.Headers["grpc-accept-encoding"] = "identity,deflate,gzip";
        var text = new string('x', 30_000);
        var answer = (await _client.SendAsync("SetPart", GrpcClient.Frame(GrpcClient.Zip(Part(text)), flags: 1))).Ok();
        Assert.Equal("gzip", answer.Headers["grpc-encoding"]);
        Assert.Equal($"a/5={text}", GrpcClient.String(answer.Messages[0]));

        // Not every message must be compressed, and small answers are not.
        (await _client.SendAsync("Multiply", GrpcClient.Frame(GrpcClient.Multiply(1, 2)))).Ok();
    }

    [Fact]
    public async Task Who_does_not_take_compressed_messages_gets_none()
    {
        _client.Headers["grpc-encoding"] = "gzip";
        var answer = (await _client.SendAsync("SetPart", GrpcClient.Frame(GrpcClient.Zip(Part(new string('x', 30_000))), flags: 1))).Ok();
        Assert.False(answer.Headers.ContainsKey("grpc-encoding"));
    }

    [Fact]
    public async Task A_message_that_unpacks_to_more_than_the_limit_is_refused()
    {
        _client.Headers["grpc-encoding"] = "gzip";
        var bomb = GrpcClient.Zip(Part(new string('x', 3_000_000)));
        Assert.True(bomb.Length < 64 * 1024);
        (await _client.SendAsync("SetPart", GrpcClient.Frame(bomb, flags: 1))).Failed(StatusCode.ResourceExhausted, "65536 bytes");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(15)]
    [InlineData(-1)]
    public async Task What_is_not_what_it_is_packed_as_is_internal(int length)
    {
        _client.Headers["grpc-encoding"] = "gzip";
        var packed = GrpcClient.Zip(Part("hello"));
        var broken = length < 0 ? Encoding.ASCII.GetBytes("this is no gzip, whatever the flag says") : packed[..length];
        (await _client.SendAsync("SetPart", GrpcClient.Frame(broken, flags: 1))).Failed(StatusCode.Internal, "gzip");
    }

    [Fact]
    public async Task A_compression_that_is_not_spoken_is_unimplemented_and_the_others_are_named()
    {
        _client.Headers["grpc-encoding"] = "snappy";
        var answer = (await _client.CallAsync("Multiply", GrpcClient.Multiply(1, 2))).Failed(StatusCode.Unimplemented, "snappy");
        Assert.Equal("identity,gzip", answer.Headers["grpc-accept-encoding"]);
    }

    [Theory]
    [InlineData(StatusCode.Cancelled)]
    [InlineData(StatusCode.Unknown)]
    [InlineData(StatusCode.InvalidArgument)]
    [InlineData(StatusCode.DeadlineExceeded)]
    [InlineData(StatusCode.NotFound)]
    [InlineData(StatusCode.AlreadyExists)]
    [InlineData(StatusCode.PermissionDenied)]
    [InlineData(StatusCode.ResourceExhausted)]
    [InlineData(StatusCode.FailedPrecondition)]
    [InlineData(StatusCode.Aborted)]
    [InlineData(StatusCode.OutOfRange)]
    [InlineData(StatusCode.Unimplemented)]
    [InlineData(StatusCode.Internal)]
    [InlineData(StatusCode.Unavailable)]
    [InlineData(StatusCode.DataLoss)]
    [InlineData(StatusCode.Unauthenticated)]
    public async Task A_grains_code_and_message_arrive(StatusCode code)
    {
        var answer = (await _client.CallAsync("Fail", GrpcClient.Text(code.ToString()))).Failed(code, "told to: " + code);
        Assert.True(answer.IsTrailersOnly);
    }

    [Fact]
    public async Task An_errors_details_arrive()
    {
        var invalid = (await _client.CallAsync("Fail", GrpcClient.Text("InvalidArgument"))).Details!;
        Assert.Equal(StatusCode.InvalidArgument, invalid.Code);
        Assert.Equal("how", Assert.Single(invalid.Violations).Field);
        Assert.Equal(TimeSpan.FromSeconds(7), (await _client.CallAsync("Fail", GrpcClient.Text("Unavailable"))).Details!.RetryAfter);
        Assert.Null((await _client.CallAsync("Fail", GrpcClient.Text("NotFound"))).Details);
    }

    [Fact]
    public async Task What_an_exception_says_stays_inside_but_for_the_log()
    {
        _host.Log.Expect("hunter2");
        var answer = (await _client.CallAsync("Fail", GrpcClient.Text("otherwise"))).Failed(StatusCode.Internal);
        Assert.Equal("internal error", answer.Message);
        Assert.Contains(answer.Headers["traceparent"].Split('-')[1], Assert.Single(_host.Log.Expected), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Credentials_are_metadata()
    {
        _client.Headers["authorization"] = "Bearer " + _host.Token("bob", "user");
        (await _client.CallAsync("ForAdmins", GrpcClient.Keyed())).Failed(StatusCode.PermissionDenied);
        _client.Headers["authorization"] = "Bearer nonsense";
        (await _client.CallAsync("Multiply", GrpcClient.Multiply(1, 2))).Failed(StatusCode.Unauthenticated);
        _client.Headers.Remove("authorization");
        (await _client.CallAsync("Multiply", GrpcClient.Multiply(1, 2))).Failed(StatusCode.Unauthenticated);
        (await _client.CallAsync("Open", GrpcClient.Keyed())).Ok();
    }

    [Fact]
    public async Task Who_asks_too_much_is_told_when_to_come_again()
    {
        for (var i = 0; i < 3; i++) Assert.Equal("3", (await _client.CallAsync("Scarce", GrpcClient.Keyed())).Ok().Headers["ratelimit-limit"]);
        var answer = (await _client.CallAsync("Scarce", GrpcClient.Keyed())).Failed(StatusCode.ResourceExhausted, "too many calls");
        Assert.Equal("RATE_LIMITED", answer.Details!.Reason);
        Assert.InRange(answer.Details.RetryAfter!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task Only_metadata_that_the_configuration_lists_reaches_the_grain()
    {
        _client.Headers["x-note"] = "hello";
        _client.Headers["x-blob-bin"] = "q6ur";
        _client.Headers["x-other"] = "not listed";
        var reply = Encoding.UTF8.GetString((await _client.CallAsync("WhoAmI", GrpcClient.Keyed())).Ok().Messages[0]);
        Assert.Contains("hello", reply, StringComparison.Ordinal);
        Assert.Contains("q6ur", reply, StringComparison.Ordinal);
        Assert.Contains("alice", reply, StringComparison.Ordinal);
        Assert.DoesNotContain("not listed", reply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_callers_trace_goes_on()
    {
        _client.Headers["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        var answer = (await _client.CallAsync("WhoAmI", GrpcClient.Keyed())).Ok();
        Assert.Contains("0af7651916cd43dd8448eb211c80319c", Encoding.UTF8.GetString(answer.Messages[0]), StringComparison.Ordinal);
        Assert.Contains("0af7651916cd43dd8448eb211c80319c", answer.Headers["traceparent"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("50m")]
    [InlineData("50000u")]
    [InlineData("50000n")]
    public async Task A_call_ends_at_the_callers_deadline(string timeout)
    {
        _client.Headers["grpc-timeout"] = timeout;
        (await _client.CallAsync("Wait", GrpcClient.Keyed())).Failed(StatusCode.DeadlineExceeded);
    }

    [Theory]
    [InlineData("10S", 10)]
    [InlineData("2M", 120)]
    [InlineData("1H", 120)]
    public async Task The_deadline_reaches_the_grain(string timeout, int seconds)
    {
        _client.Headers["grpc-timeout"] = timeout;
        var calling = _client.CallAsync("Wait", GrpcClient.Keyed());
        await Task.WhenAny(_host.Grains.Begun.Task, calling).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.InRange(_host.Grains.Remaining!.Value, TimeSpan.FromSeconds(seconds / 2), TimeSpan.FromSeconds(seconds));
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("S")]
    [InlineData("-1S")]
    [InlineData("123456789S")]
    [InlineData("1.5S")]
    [InlineData("10s")]
    public async Task A_deadline_that_is_none_is_refused(string timeout)
    {
        _client.Headers["grpc-timeout"] = timeout;
        (await _client.CallAsync("Multiply", GrpcClient.Multiply(1, 2))).Failed(StatusCode.InvalidArgument, "grpc-timeout");
    }

    [Fact]
    public async Task A_caller_who_resets_the_stream_ends_the_grain()
    {
        using var cancel = new CancellationTokenSource();
        var calling = _client.OpenAsync("Wait", GrpcClient.Frame(GrpcClient.Keyed()), cancel.Token, complete: true);
        await _host.Grains.Begun.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => calling);
        await _host.Grains.Ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private static byte[] Part(string name) => GrpcClient.Keyed((ref writer) =>
    {
        writer.WriteTag(16);
        writer.WriteInt32(5);
        writer.WriteTag(26);
        writer.WriteString(name);
    });

    private async Task<HttpResponseMessage> PostAsync(string contentType, Version version)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/granary.tests.v1.Probe/Multiply") { Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent([0, 0, 0, 0, 0]) };
        request.Content.Headers.TryAddWithoutValidation("content-type", contentType);
        return await _host.Client.SendAsync(request);
    }
}
