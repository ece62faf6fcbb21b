using System.Text.Json;
using Granary.Gateway.Authentication;
using Granary.Gateway.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Granary.Gateway.Tests;

public sealed class MetadataTests
{
    [Fact]
    public async Task The_grain_sees_who_calls()
    {
        await using var host = await GatewayHost.StartAsync();
        var token = host.Services.GetRequiredService<TokenIssuer>().Issue("alice", ["user", "auditor"], TimeSpan.FromHours(1), tenant: "a", region: "eu");
        var context = await WhoAmIAsync(host, host.As(token));
        Assert.Equal("alice", context["granary.subject"]);
        Assert.Equal("user,auditor", context["granary.roles"]);
        Assert.Equal("a", context["granary.tenant"]);
        Assert.Equal("eu", context["granary.region"]);
        Assert.Matches("^[0-9a-f]{32}$", context["granary.trace"]);
    }

    [Fact]
    public async Task An_anonymous_caller_is_never_taken_for_a_call_from_inside()
    {
        await using var host = await GatewayHost.StartAsync();
        var context = await WhoAmIAsync(host, host.Anonymous);
        Assert.Equal("", context["granary.subject"]);
        Assert.Equal("", context["granary.roles"]);
    }

    [Fact]
    public async Task Only_headers_that_the_configuration_lists_travel()
    {
        await using var host = await GatewayHost.StartAsync(options => options.Metadata.Headers.Add("X-Campaign"));
        var context = await WhoAmIAsync(host, host.Client, ("X-Campaign", "spring"), ("X-Other", "no"), ("granary.subject", "root"), ("X-Granary-Subject", "root"), ("X-User-Id", "root"));
        Assert.Equal("spring", context["x-campaign"]);
        Assert.Equal("alice", context["granary.subject"]);
        Assert.Equal(["granary.roles", "granary.subject", "granary.trace", "x-campaign"], context.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_header_that_is_too_long_is_400()
    {
        await using var host = await GatewayHost.StartAsync(options =>
        {
            options.Metadata.Headers.Add("x-campaign");
            options.Metadata.ValueLength = 10;
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, "/rpc/probe/a/WhoAmI");
        request.Headers.Add("X-Campaign", new string('c', 11));
        Assert.Equal("x-campaign", Assert.Single((await host.Client.SendAsync(request).ProblemAsync(400, "INVALID_ARGUMENT")).Errors).Field);
    }

    [Theory]
    [InlineData("x-granary-subject")]
    [InlineData("X-Forwarded-For")]
    [InlineData("x-user-id")]
    [InlineData("x-tenant")]
    [InlineData("authorization")]
    [InlineData("x-")]
    public async Task A_header_that_could_claim_an_identity_cannot_be_listed(string header)
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => GatewayHost.StartAsync(options => options.Metadata.Headers.Add(header)));
        Assert.Contains("Granary:Metadata:Headers", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_callers_context_does_not_reach_the_next_one_on_the_connection()
    {
        await using var host = await GatewayHost.StartAsync(options => options.Metadata.Headers.Add("x-campaign"));
        Assert.True((await WhoAmIAsync(host, host.Client, ("X-Campaign", "spring"))).ContainsKey("x-campaign"));
        Assert.False((await WhoAmIAsync(host, host.Client)).ContainsKey("x-campaign"));
    }

    private static async Task<Dictionary<string, string>> WhoAmIAsync(GatewayHost host, HttpClient client, params (string Name, string Value)[] headers)
    {
        _ = host;
        using var request = new HttpRequestMessage(HttpMethod.Post, "/rpc/probe/a/WhoAmI");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return JsonSerializer.Deserialize<Dictionary<string, string>>(await client.SendAsync(request).OkAsync())!;
    }
}
