using Granary.Gateway.Tests.Support;
using Microsoft.AspNetCore.Builder;

namespace Granary.Gateway.Tests;

/// <summary>What every answer tells browsers.</summary>
public sealed class SecurityHeaderTests
{
    private static readonly string[] s_all = ["X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer", "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'"];

    [Theory]
    [InlineData("POST", "/rpc/probe/a/Multiply", """{"a":1,"b":2}""", 200)]
    [InlineData("POST", "/rpc/probe/a/Multiply", "nonsense", 400)]
    [InlineData("POST", "/rpc/probe/a/Nowhere", "{}", 404)]
    [InlineData("GET", "/rpc/probe/a/Count?to=3", null, 200)]
    [InlineData("POST", "/jsonrpc", "{}", 200)]
    [InlineData("POST", "/granary.tests.v1.Probe/Multiply", """{"key":"a","a":1,"b":2}""", 200)]
    [InlineData("GET", "/healthz", null, 200)]
    [InlineData("GET", "/nowhere", null, 404)]
    [InlineData("GET", "/openapi.json", null, 200)]
    [InlineData("GET", "/fails", null, 500)]
    public async Task Every_answer_has_them(string method, string path, string? body, int status)
    {
        await using var host = await GatewayHost.StartAsync(app: app => app.MapGet("/fails", () => { throw new InvalidOperationException("hunter2"); }));
        host.Log.Expect("hunter2");
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null) request.Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await host.Client.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
        var headers = response.Headers.Select(h => $"{h.Key}: {string.Join(", ", h.Value)}").ToHashSet(StringComparer.OrdinalIgnoreCase);
        Assert.True(response.Headers.CacheControl?.NoStore);
        foreach (var header in s_all) Assert.Contains(header, headers);
        Assert.DoesNotContain("Server", response.Headers.Select(h => h.Key));
    }

    [Fact]
    public async Task A_page_has_its_own_policy()
    {
        await using var host = await GatewayHost.StartAsync();
        using var response = await host.Anonymous.GetAsync("/docs/index.html");
        Assert.Equal(200, (int)response.StatusCode);
        var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'self'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Programs_that_speak_gRPC_are_spared()
    {
        await using var host = await GatewayHost.StartAsync();
        var answer = await new GrpcClient(host).CallAsync("Multiply", GrpcClient.Multiply(7, 8));
        Assert.DoesNotContain(answer.Ok().Headers.Keys, k => k is "x-content-type-options" or "content-security-policy");
    }

    [Fact]
    public async Task A_proxy_may_do_it_instead()
    {
        await using var host = await GatewayHost.StartAsync(options => options.SecurityHeaders = false);
        using var response = await host.Client.GetAsync("/healthz");
        Assert.DoesNotContain(response.Headers, h => h.Key is "X-Content-Type-Options" or "Content-Security-Policy");
    }
}
