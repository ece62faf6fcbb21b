using System.Text;
using Granary.Gateway.Tests.Support;
using Granary.Rpc;

namespace Granary.Gateway.Tests;

/// <summary>gRPC-Web in both its forms and over both versions of HTTP.</summary>
public sealed class GrpcWebTests : IAsyncLifetime
{
    private GatewayHost _host = null!;

    public async Task InitializeAsync() => _host = await GatewayHost.StartAsync(options => options.Limits.BodyBytes = 64 * 1024);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("application/grpc-web", "1.1")]
    [InlineData("application/grpc-web+proto", "1.1")]
    [InlineData("application/grpc-web+proto", "2.0")]
    public async Task A_call_is_answered_with_its_trailers_in_the_body(string contentType, string version)
    {
        var answer = (await Client(contentType, version).CallAsync("Multiply", GrpcClient.Multiply(7, 8))).Ok();
        Assert.Equal(56, GrpcClient.Double(Assert.Single(answer.Messages)));
        Assert.Equal("application/grpc-web+proto", answer.Headers["content-type"]);
        Assert.False(answer.IsTrailersOnly);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task The_text_form_is_base64_both_ways(string version)
    {
        var body = Base64(GrpcClient.Frame(GrpcClient.Multiply(7, 8)));
        var answer = (await Client("application/grpc-web-text", version).SendAsync("Multiply", body)).Ok();
        Assert.Equal(56, GrpcClient.Double(Assert.Single(answer.Messages)));
        Assert.Equal("application/grpc-web-text+proto", answer.Headers["content-type"]);
    }

    [Fact]
    public async Task The_text_form_may_come_in_padded_pieces()
    {
        var frame = GrpcClient.Frame(GrpcClient.Multiply(7, 8));
        for (var cut = 1; cut < frame.Length; cut += 2)
        {
            byte[] body = [.. Base64(frame[..cut]), .. Base64(frame[cut..])];
            Assert.Equal(56, GrpcClient.Double((await Client("application/grpc-web-text", "1.1").SendAsync("Multiply", body)).Ok().Messages[0]));
        }
    }

    [Theory]
    [InlineData("AAAA!")]
    [InlineData("AAAAA")]
    [InlineData("====")]
    public async Task Text_that_is_no_base64_is_refused(string body) =>
        (await Client("application/grpc-web-text", "1.1").SendAsync("Multiply", Encoding.ASCII.GetBytes(body))).Failed(StatusCode.Internal, "base64");

    [Theory]
    [InlineData("application/grpc-web+proto")]
    [InlineData("application/grpc-web-text+proto")]
    public async Task A_stream_of_results_comes_in_order(string contentType)
    {
        var frame = GrpcClient.Frame(GrpcClient.Number(500));
        var answer = (await Client(contentType, "1.1").SendAsync("Count", contentType.Contains("text", StringComparison.Ordinal) ? Base64(frame) : frame)).Ok();
        Assert.Equal(Enumerable.Range(1, 500).Select(i => (long)i), answer.Messages.Select(GrpcClient.Integer));
    }

    [Fact]
    public async Task Errors_and_their_details_arrive()
    {
        var answer = (await Client("application/grpc-web+proto", "1.1").CallAsync("Fail", GrpcClient.Text("InvalidArgument"))).Failed(StatusCode.InvalidArgument, "told to");
        Assert.Equal("how", Assert.Single(answer.Details!.Violations).Field);
        (await Client("application/grpc-web+proto", "1.1").CallAsync("/no.Such/Method", [])).Failed(StatusCode.Unimplemented);
    }

    private GrpcClient Client(string contentType, string version) => new(_host, contentType) { Version = Version.Parse(version) };

    private static byte[] Base64(byte[] bytes) => Encoding.ASCII.GetBytes(Convert.ToBase64String(bytes));
}
