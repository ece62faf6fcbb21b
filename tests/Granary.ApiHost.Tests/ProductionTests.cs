using System.Net;
using System.Text.Json;

namespace Granary.Tests;

/// <summary>A host that is configured for real callers.</summary>
public sealed class ProductionTests
{
    [Fact]
    public async Task It_prints_no_token_issues_none_and_shows_its_metrics_to_admins_only()
    {
        await using var host = HostProcess.Start("ApiHost", "Production", Tokens.Setting);
        var address = await host.AddressAsync();

        Assert.Equal("56", (await address.MultiplyAsync(Tokens.For("user"))).Body);
        Assert.Equal("NOT_FOUND", (await address.AskAsync(HttpMethod.Post, "/admin/tokens", Tokens.For("admin"), """{"subject":"x"}""")).Code);
        Assert.Equal("UNAUTHENTICATED", (await address.GetAsync("/metrics")).Code);
        Assert.Equal("PERMISSION_DENIED", (await address.GetAsync("/metrics", Tokens.For("user"))).Code);
        Exposition.Parse((await address.GetAsync("/metrics", Tokens.For("metrics"))).Body, openMetrics: false);

        host.Terminate();
        Assert.Equal(0, await host.ExitAsync());
        await host.Output;
        Assert.DoesNotContain(host.Lines, l => l.Contains("eyJ", StringComparison.Ordinal) || l.Contains(Tokens.Key, StringComparison.Ordinal));
        Assert.All(host.Lines, l => Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(l).RootElement.ValueKind));
    }

    [Fact]
    public async Task Metrics_are_open_where_the_configuration_says_so()
    {
        await using var host = HostProcess.Start("ApiHost", "Production", Tokens.Setting, "Granary:AnonymousMetrics=true");
        Assert.Equal(HttpStatusCode.OK, (await (await host.AddressAsync()).GetAsync("/metrics")).Status);
    }

    [Fact]
    public async Task A_stopping_host_ends_its_streams_and_exits_cleanly()
    {
        await using var host = HostProcess.Start("ApiHost", "Production", Tokens.Setting);
        var address = await host.AddressAsync();
        using var client = new HttpClient { BaseAddress = address };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/rpc/devices/7/Alerts");
        request.Headers.Authorization = new("Bearer", Tokens.For("admin", "user"));
        request.Headers.Accept.ParseAdd("text/event-stream");
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);

        host.Terminate();
        var events = await response.Content.ReadAsStringAsync();
        Assert.Contains("event: error", events, StringComparison.Ordinal);
        Assert.Contains("UNAVAILABLE", events, StringComparison.Ordinal);
        Assert.Equal(0, await host.ExitAsync());
    }
}
