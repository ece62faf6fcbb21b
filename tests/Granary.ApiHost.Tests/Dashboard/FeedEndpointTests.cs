using System.Net;
using System.Text.Json;

namespace Granary.Tests.Dashboard;

/// <summary>The dashboard's feed, on a host with its silo in it.</summary>
[Collection(DevelopmentHostCollection.Name)]
public sealed class FeedEndpointTests(DevelopmentHost host)
{
    [Fact]
    public async Task The_overview_tells_of_the_silo_the_gateway_and_what_happened()
    {
        using var feed = await FeedReader.OpenAsync(host.Address, host.Token, "view=overview");
        var events = await feed.NextAsync("events", _ => true);
        Assert.Contains(events.GetProperty("events").EnumerateArray(), e => e.GetProperty("kind").GetString() == "silo-active");
        await host.Address.MultiplyAsync(host.Token);
        var overview = await feed.NextAsync("overview", o => o.GetProperty("silos")[0].TryGetProperty("callsPerSecond", out _));
        var silo = overview.GetProperty("silos")[0];
        Assert.Equal(("Active", true), (silo.GetProperty("status").GetString(), silo.GetProperty("answers").GetBoolean()));
        Assert.True(silo.GetProperty("load").GetProperty("memory").GetInt64() > 10_000_000);
        var gateway = overview.GetProperty("gateways").EnumerateArray().Single();
        Assert.True(gateway.GetProperty("here").GetBoolean());
        Assert.Equal(overview.GetProperty("process").GetString(), gateway.GetProperty("name").GetString());
    }

    [Fact]
    public async Task Services_tell_rates_durations_errors_and_the_slowest_calls()
    {
        using var feed = await FeedReader.OpenAsync(host.Address, host.Token, "view=services");
        using var stop = new CancellationTokenSource();
        var load = CallAsync(stop.Token);
        var services = await feed.NextAsync("services", s => Method(s, "calculator", "Multiply").GetProperty("callsPerSecond").GetDouble() > 0
            && Method(s, "calculator", "Divide").GetProperty("errorsPerSecond").GetDouble() > 0);
        var multiply = Method(services, "calculator", "Multiply");
        Assert.InRange(multiply.GetProperty("p50").GetDouble(), 0.0001, multiply.GetProperty("p99").GetDouble());
        Assert.True(multiply.GetProperty("max").GetDouble() >= multiply.GetProperty("p99").GetDouble());
        Assert.Equal("unary", multiply.GetProperty("kind").GetString());
        Assert.True(Method(services, "calculator", "Divide").GetProperty("errors").GetProperty("INVALID_ARGUMENT").GetDouble() > 0);
        var slowest = (await feed.NextAsync("services", s => s.GetProperty("slowest").GetArrayLength() > 0)).GetProperty("slowest")[0];
        Assert.Contains('/', slowest.GetProperty("grain").GetString()!);
        Assert.Contains('@', slowest.GetProperty("silo").GetString()!);
        await stop.CancelAsync();
        await load;

        // A page that is opened later gets what earlier ones saw.
        using var later = await FeedReader.OpenAsync(host.Address, host.Token, "view=services");
        Assert.True((await later.NextAsync("history", _ => true)).GetProperty("at").GetArrayLength() > 0);
        await later.NextAsync("services-history", _ => true);
    }

    [Fact]
    public async Task Grains_are_told_by_type_and_one_grain_by_its_last_calls()
    {
        using var grains = await FeedReader.OpenAsync(host.Address, host.Token, "view=grains");
        await host.Address.MultiplyAsync(host.Token);
        var types = await grains.NextAsync("grains", g => g.GetProperty("types").EnumerateArray().Any(t => t.GetProperty("type").GetString() == "calculator" && t.TryGetProperty("service", out _)));
        var calculator = types.GetProperty("types").EnumerateArray().Single(t => t.GetProperty("type").GetString() == "calculator");
        Assert.Equal("Granary.Samples.CalculatorGrain", calculator.GetProperty("class").GetString());
        Assert.True(calculator.GetProperty("total").GetInt64() >= 1);
        Assert.Equal(calculator.GetProperty("total").GetInt64(), calculator.GetProperty("silos").EnumerateObject().Sum(s => s.Value.GetInt64()));

        using var one = await FeedReader.OpenAsync(host.Address, host.Token, "view=grain&grain=calculator/a");
        await one.NextAsync("grain", g => g.GetProperty("found").GetBoolean());
        await host.Address.MultiplyAsync(host.Token);
        var call = (await one.NextAsync("grain", g => g.GetProperty("calls").GetArrayLength() > 0)).GetProperty("calls")[0];
        Assert.Equal(("calculator/Multiply", "OK", 32), (call.GetProperty("method").GetString(), call.GetProperty("code").GetString(), call.GetProperty("traceId").GetString()!.Length));

        await host.Address.AskAsync(HttpMethod.Post, "/rpc/users/looked-at/Register", host.Token, """{"displayName":"Ada","email":"ada@example.com"}""");
        using var user = await FeedReader.OpenAsync(host.Address, host.Token, "view=grain&grain=users/looked-at");
        var state = (await user.NextAsync("grain", g => g.GetProperty("states").GetArrayLength() > 0)).GetProperty("states")[0];
        Assert.Equal("user", state.GetProperty("name").GetString());
        Assert.InRange(state.GetProperty("bytes").GetInt64(), "Ada".Length + "ada@example.com".Length, 1000);
        Assert.NotEmpty(state.GetProperty("etag").GetString()!);

        using var nowhere = await FeedReader.OpenAsync(host.Address, host.Token, "view=grain&grain=calculator/never-called");
        Assert.False((await nowhere.NextAsync("grain", _ => true)).GetProperty("found").GetBoolean());
    }

    [Fact]
    public async Task Limits_and_the_graph_of_who_calls_whom_are_told()
    {
        using var limits = await FeedReader.OpenAsync(host.Address, host.Token, "view=limits");
        var gateway = (await limits.NextAsync("limits", l => l.GetProperty("gateways").GetArrayLength() > 0)).GetProperty("gateways")[0];
        Assert.Contains(gateway.GetProperty("rateLimits").EnumerateArray(), l => l.GetProperty("policy").GetString() == "default" && l.GetProperty("tokens").GetInt64() > 0);
        Assert.False(gateway.GetProperty("shedding").GetProperty("active").GetBoolean());

        using var graph = await FeedReader.OpenAsync(host.Address, host.Token, "view=graph");
        using var stop = new CancellationTokenSource();
        var load = CallAsync(stop.Token);
        var seen = await graph.NextAsync("graph", g => g.GetProperty("edges").GetArrayLength() > 0);
        var edge = seen.GetProperty("edges").EnumerateArray().First(e => e.GetProperty("to").GetString() == "grain:calculator");
        Assert.Equal("gateways", edge.GetProperty("from").GetString());
        Assert.Contains(seen.GetProperty("nodes").EnumerateArray(), n => n.GetProperty("id").GetString() == "grain:calculator" && n.GetProperty("kind").GetString() == "service");
        await stop.CancelAsync();
        await load;
    }

    [Fact]
    public async Task A_log_level_set_for_a_time_brings_entries_to_the_page_and_is_taken_back()
    {
        const string Category = "Microsoft.AspNetCore.Hosting";
        using var feed = await FeedReader.OpenAsync(host.Address, host.Token, "view=logs&level=information&text=Request%20starting");
        await feed.NextAsync("log-levels", _ => true);
        var set = await host.Address.AskAsync(HttpMethod.Post, "/admin/log-levels", host.Token, $$"""{"category":"{{Category}}","level":"information","minutes":5}""");
        Assert.Equal(HttpStatusCode.OK, set.Status);
        Assert.Empty(set.Json.GetProperty("missed").EnumerateArray());
        await host.Address.MultiplyAsync(host.Token);
        var entry = (await feed.NextAsync("logs", l => l.GetProperty("entries").EnumerateArray().Any(e => e.GetProperty("level").GetString() == "information"))).GetProperty("entries").EnumerateArray().Last();
        Assert.StartsWith(Category, entry.GetProperty("category").GetString(), StringComparison.Ordinal);
        await feed.NextAsync("log-levels", l => l.GetProperty("overrides").EnumerateArray().Any(o => o.GetProperty("category").GetString() == Category && o.GetProperty("by").GetString() == "developer"));
        Assert.Single((await host.Address.GetAsync("/admin/log-levels", host.Token)).Json.EnumerateArray());

        Assert.Equal(HttpStatusCode.OK, (await host.Address.AskAsync(HttpMethod.Delete, $"/admin/log-levels?category={Category}", host.Token)).Status);
        await feed.NextAsync("log-levels", l => l.GetProperty("overrides").GetArrayLength() == 0);
    }

    [Theory]
    [InlineData("""{"category":"A","level":"loud","minutes":5}""", "level")]
    [InlineData("""{"category":"","level":"debug","minutes":5}""", "category")]
    [InlineData("""{"category":"A","level":"debug","minutes":0}""", "minutes")]
    [InlineData("""{"process":"nobody","category":"A","level":"debug","minutes":5}""", "process")]
    public async Task A_wrong_log_level_is_named(string body, string field)
    {
        var answer = await host.Address.AskAsync(HttpMethod.Post, "/admin/log-levels", host.Token, body);
        Assert.Equal((HttpStatusCode.BadRequest, field), (answer.Status, answer.Json.GetProperty("errors")[0].GetProperty("field").GetString()));
    }

    [Theory]
    [InlineData("view=logs&level=loud", "level")]
    [InlineData("view=everything", "view")]
    [InlineData("view=grain", "grain")]
    [InlineData("view=grain&grain=calculator", "grain")]
    [InlineData("view=grain&grain=sys.client/x", "grain")]
    public async Task A_wrong_view_is_named(string query, string field)
    {
        var answer = await host.Address.GetAsync("/dashboard/feed?" + query, host.Token);
        Assert.Equal((HttpStatusCode.BadRequest, field), (answer.Status, answer.Json.GetProperty("errors")[0].GetProperty("field").GetString()));
    }

    [Fact]
    public async Task Only_admins_see_it_and_only_so_many_and_a_revoked_one_no_longer()
    {
        Assert.Equal("UNAUTHENTICATED", (await host.Address.GetAsync("/dashboard/feed")).Code);
        await using var small = HostProcess.Start("ApiHost", "Production", Tokens.Setting, "Granary:Dashboard:MaximumWatchers=1");
        var address = await small.AddressAsync();
        Assert.Equal("PERMISSION_DENIED", (await address.GetAsync("/dashboard/feed", Tokens.For("user"))).Code);
        using var feed = await FeedReader.OpenAsync(address, Tokens.For("admin"), "view=overview");
        await feed.NextAsync("overview", _ => true);
        Assert.Equal("RESOURCE_EXHAUSTED", (await address.GetAsync("/dashboard/feed", Tokens.For("admin"))).Code);
        await address.AskAsync(HttpMethod.Post, "/admin/revocations", Tokens.For("admin"), """{"subject":"tester"}""");
        await feed.EndAsync();
    }

    private static JsonElement Method(JsonElement services, string service, string method) =>
        services.GetProperty("services").EnumerateArray().First(s => s.GetProperty("name").GetString() == service).GetProperty("methods").EnumerateArray().Single(m => m.GetProperty("name").GetString() == method);

    private async Task CallAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await host.Address.MultiplyAsync(host.Token);
            await host.Address.AskAsync(HttpMethod.Post, "/rpc/calculator/a/Divide", host.Token, """{"a":7,"b":0}""");
        }
    }
}
