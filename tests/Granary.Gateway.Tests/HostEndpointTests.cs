using Granary.Gateway.Admission;
using Granary.Gateway.Tests.Support;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Granary.Gateway.Tests;

/// <summary>What the gateway does for a host's own endpoints.</summary>
public sealed class HostEndpointTests
{
    [Theory]
    [InlineData("/healthz")]
    [InlineData("/readyz")]
    public async Task Health_is_open(string path)
    {
        await using var host = await GatewayHost.StartAsync();
        Assert.Equal("Healthy", await host.Anonymous.GetAsync(path).OkAsync());
    }

    [Fact]
    public async Task A_host_that_is_not_ready_is_still_alive()
    {
        await using var host = await GatewayHost.StartAsync(services: services => services.AddHealthChecks().AddCheck("cluster", () => HealthCheckResult.Unhealthy(), [GatewayPipeline.ReadyTag]));
        host.Log.Expect("cluster");
        Assert.Equal("Healthy", await host.Anonymous.GetAsync("/healthz").OkAsync());
        Assert.Equal("Unhealthy", await host.Anonymous.GetAsync("/readyz").OkAsync(503));
    }

    [Fact]
    public async Task The_page_of_the_contract_needs_nothing_from_elsewhere()
    {
        await using var host = await GatewayHost.StartAsync();
        var page = await host.Anonymous.GetAsync("/docs/index.html").OkAsync();
        Assert.DoesNotContain("http://", page.Replace(host.Address.ToString(), "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain("https://", page, StringComparison.Ordinal);
        await host.Anonymous.GetAsync("/docs/swagger-ui-bundle.js").OkAsync();
        Assert.Contains("/openapi.json", await host.Anonymous.GetAsync("/docs/index.js").OkAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_contract_can_be_kept_private()
    {
        await using var host = await GatewayHost.StartAsync(options => options.OpenApi.Enabled = false);
        await host.Anonymous.GetAsync("/openapi.json").ProblemAsync(404, "NOT_FOUND");
        await host.Anonymous.GetAsync("/docs/index.html").ProblemAsync(404, "NOT_FOUND");
    }

    [Fact]
    public async Task Controllers_share_tokens_roles_limits_and_problem_documents()
    {
        await using var host = await StartWithControllerAsync();
        await host.Anonymous.GetAsync("/test/admin").ProblemAsync(401, "UNAUTHENTICATED");
        await host.As("nonsense").GetAsync("/test/admin").ProblemAsync(401, "UNAUTHENTICATED");
        await host.Client.GetAsync("/test/admin").ProblemAsync(403, "PERMISSION_DENIED");
        var admin = host.As(host.Token("root", "admin"));
        for (var left = 2; left >= 0; left--)
        {
            using var response = await admin.GetAsync("/test/admin");
            Assert.Equal(200, (int)response.StatusCode);
            Assert.Equal(left.ToString(), Assert.Single(response.Headers.GetValues("RateLimit-Remaining")));
        }

        var problem = await admin.GetAsync("/test/admin").ProblemAsync(429, "RESOURCE_EXHAUSTED");
        Assert.NotNull(problem.Response.Headers.RetryAfter);
    }

    [Fact]
    public async Task An_endpoint_without_a_policy_needs_an_authenticated_caller()
    {
        await using var host = await StartWithControllerAsync();
        await host.Anonymous.GetAsync("/test/plain").ProblemAsync(401, "UNAUTHENTICATED");
        await host.Client.GetAsync("/test/plain").OkAsync();
    }

    [Fact]
    public async Task An_exception_of_an_endpoint_stays_inside()
    {
        await using var host = await StartWithControllerAsync();
        host.Log.Expect("hunter2");
        var problem = await host.Client.GetAsync("/test/throw").ProblemAsync(500, "INTERNAL");
        Assert.DoesNotContain("hunter2", problem.Text, StringComparison.Ordinal);
    }

    private static Task<GatewayHost> StartWithControllerAsync() => GatewayHost.StartAsync(
        services: services => services.AddControllers().AddApplicationPart(typeof(TestController).Assembly),
        app: app => app.MapControllers());
}

[ApiController]
[Route("test")]
public sealed class TestController : ControllerBase
{
    [HttpGet("admin")]
    [Authorize(Policy = "admin")]
    [RateLimitPolicy("few")]
    public string Admin() => "in";

    [HttpGet("plain")]
    public string Plain() => "in";

    [HttpGet("throw")]
    public string Throw() => throw new InvalidOperationException("hunter2");
}
