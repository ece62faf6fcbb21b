using Granary.Gateway.Tests.Support;

namespace Granary.Gateway.Tests;

/// <summary>What browsers ask before a page of another origin may call, and read.</summary>
public sealed class CorsTests
{
    [Theory]
    [InlineData("/granary.tests.v1.Probe/Multiply")]
    [InlineData("/rpc/probe/a/Multiply")]
    public async Task By_default_no_page_of_another_origin_may_call(string path)
    {
        await using var host = await GatewayHost.StartAsync();
        using var answer = await AskAsync(host, path, "https://app.example.com");
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("/granary.tests.v1.Probe/Multiply")]
    [InlineData("/rpc/probe/a/Multiply")]
    public async Task A_page_of_a_listed_origin_may_call_and_read_the_status(string path)
    {
        await using var host = await GatewayHost.StartAsync(options => options.Cors.Origins.Add("https://app.example.com"));
        using var answer = await AskAsync(host, path, "https://app.example.com");
        Assert.Equal("https://app.example.com", Assert.Single(answer.Headers.GetValues("Access-Control-Allow-Origin")));
        Assert.Contains("x-grpc-web", string.Join(',', answer.Headers.GetValues("Access-Control-Allow-Headers")), StringComparison.OrdinalIgnoreCase);
        Assert.Equal("7200", Assert.Single(answer.Headers.GetValues("Access-Control-Max-Age")));
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Credentials"));

        using var call = new HttpRequestMessage(HttpMethod.Post, "/granary.tests.v1.Probe/Open") { Content = new ByteArrayContent(GrpcClient.Frame(GrpcClient.Keyed())) };
        call.Content.Headers.ContentType = new("application/grpc-web+proto");
        call.Headers.Add("Origin", "https://app.example.com");
        using var response = await host.Client.SendAsync(call);
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Contains("grpc-status", string.Join(',', response.Headers.GetValues("Access-Control-Expose-Headers")), StringComparison.Ordinal);

        using var other = await AskAsync(host, path, "https://evil.example.com");
        Assert.False(other.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Any_origin_with_credentials_is_refused_at_start() => await RefusedAsync(
        options =>
        {
            options.Cors.Origins.Add("*");
            options.Cors.Credentials = true;
        },
        "Cors:Credentials");

    [Theory]
    [InlineData("app.example.com")]
    [InlineData("https://app.example.com/")]
    [InlineData("https://app.example.com/page")]
    [InlineData("null")]
    public async Task What_is_no_origin_is_refused_at_start(string origin) => await RefusedAsync(options => options.Cors.Origins.Add(origin), origin);

    private static async Task RefusedAsync(Action<GatewayOptions> configure, string says)
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => GatewayHost.StartAsync(configure));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    private static async Task<HttpResponseMessage> AskAsync(GatewayHost host, string path, string origin)
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, path);
        request.Headers.Add("Origin", origin);
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.Add("Access-Control-Request-Headers", "content-type,x-grpc-web,authorization");
        return await host.Anonymous.SendAsync(request);
    }
}
