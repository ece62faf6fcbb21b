using System.Net;

namespace Granary.Tests;

/// <summary>The controllers, by the roles of those who ask.</summary>
[Collection(DevelopmentHostCollection.Name)]
public sealed class AdminTests(DevelopmentHost host)
{
    [Fact]
    public async Task The_cluster_is_one_active_silo()
    {
        var silo = (await host.Address.GetAsync("/admin/cluster", host.Token)).Json.GetProperty("silos").EnumerateArray().Single();
        Assert.Equal("Active", silo.GetProperty("status").GetString());
        Assert.True(silo.GetProperty("activations").GetInt32() >= 0);
        Assert.True(silo.GetProperty("memoryBytes").GetInt64() > 0);
    }

    [Fact]
    public async Task Admins_are_told_what_readiness_is_made_of_and_others_yes_or_no()
    {
        var health = (await host.Address.GetAsync("/admin/health", host.Token)).Json;
        Assert.True(health.GetProperty("isReady").GetBoolean());
        var checks = health.GetProperty("checks").EnumerateArray().ToDictionary(c => c.GetProperty("name").GetString()!, c => c.GetProperty("status").GetString());
        Assert.Equal("Healthy", checks["cluster"]);
        Assert.Equal("Healthy", checks["lists"]);
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.Address.GetAsync("/admin/health")).Status);
        Assert.Equal("Healthy", (await host.Address.GetAsync("/readyz")).Body);
        Assert.Equal((HttpStatusCode.OK, "Started"), ((await host.Address.GetAsync("/startupz")).Status, (await host.Address.GetAsync("/startupz")).Body));
    }

    [Fact]
    public async Task A_grain_is_found_where_it_is_and_deactivated()
    {
        var key = "admin-" + Guid.NewGuid().ToString("N");
        var before = await host.Address.GetAsync($"/admin/grains/greeter/{key}", host.Token);
        Assert.Equal($"greeter/{key}", before.Json.GetProperty("grain").GetString());
        Assert.False(before.Json.TryGetProperty("silo", out _));

        Assert.Equal(1, await GreetAsync(key));
        Assert.Equal(2, await GreetAsync(key));
        var types = (await host.Address.GetAsync("/admin/grains", host.Token)).Json.EnumerateArray();
        Assert.Contains(types, t => t.GetProperty("class").GetString() == "Granary.Samples.GreeterGrain" && t.GetProperty("activations").GetInt32() >= 1);
        Assert.False(string.IsNullOrEmpty((await host.Address.GetAsync($"/admin/grains/greeter/{key}", host.Token)).Json.GetProperty("silo").GetString()));

        var answer = await host.Address.AskAsync(HttpMethod.Delete, $"/admin/grains/greeter/{key}", host.Token);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(1, await GreetAsync(key));
    }

    [Fact]
    public async Task What_an_admin_does_is_in_the_audit_log()
    {
        var key = "audited-" + Guid.NewGuid().ToString("N");
        await host.Address.AskAsync(HttpMethod.Delete, $"/admin/grains/greeter/{key}", host.Token);
        await host.Address.AskAsync(HttpMethod.Post, "/admin/tokens", host.Token, $$"""{"subject":"{{key}}","roles":["king"]}""");
        var entries = (await host.Address.GetAsync("/admin/audit?limit=1000", host.Token)).Json.GetProperty("entries").EnumerateArray().ToArray();
        var entry = Assert.Single(entries, e => e.GetProperty("target").GetString() == $"greeter/{key}");
        Assert.Equal(("grains.deactivate", "developer", "OK"), (Text(entry, "action"), Text(entry, "actor"), Text(entry, "result")));
        Assert.Contains("127.0.0.1", Text(entry, "address"), StringComparison.Ordinal);
        Assert.Matches("^[0-9a-f]{32}$", Text(entry, "traceId"));
        Assert.Contains(entries, e => Text(e, "action") == "tokens.issue" && Text(e, "result") == "INVALID_ARGUMENT");
        Assert.DoesNotContain(entries, e => Text(e, "action").StartsWith("cluster", StringComparison.Ordinal));

        var page = (await host.Address.GetAsync("/admin/audit?limit=1", host.Token)).Json;
        Assert.Equal(1, page.GetProperty("entries").GetArrayLength());
        Assert.Equal("INVALID_ARGUMENT", (await host.Address.GetAsync("/admin/audit?limit=1001", host.Token)).Code);
        Assert.Equal("PERMISSION_DENIED", (await host.Address.GetAsync("/admin/audit", await TokenAsync("user"))).Code);

        static string Text(System.Text.Json.JsonElement entry, string name) => entry.GetProperty(name).GetString()!;
    }

    [Fact]
    public async Task Breakers_are_shown_and_reset()
    {
        const string Name = "granary.samples.v1.Calculator/Multiply";
        var all = (await host.Address.GetAsync("/admin/breakers", host.Token)).Json.EnumerateArray().ToArray();
        Assert.Equal("closed", Assert.Single(all, b => b.GetProperty("name").GetString() == Name).GetProperty("state").GetString());
        var reset = await host.Address.AskAsync(HttpMethod.Post, $"/admin/breakers/{Name}/reset", host.Token);
        Assert.Equal(HttpStatusCode.OK, reset.Status);
        Assert.True(reset.Json.TryGetProperty("since", out _));
        Assert.Equal("NOT_FOUND", (await host.Address.AskAsync(HttpMethod.Post, "/admin/breakers/granary.samples.v1.Calculator/Divine/reset", host.Token)).Code);
        Assert.Equal("PERMISSION_DENIED", (await host.Address.AskAsync(HttpMethod.Post, $"/admin/breakers/{Name}/reset", await TokenAsync("user"))).Code);
    }

    [Fact]
    public async Task Only_admins_may_look_and_the_answer_says_how_often()
    {
        var guest = await TokenAsync("guest");
        Assert.Equal("PERMISSION_DENIED", (await host.Address.GetAsync("/admin/cluster", guest)).Code);
        Assert.Equal("PERMISSION_DENIED", (await host.Address.AskAsync(HttpMethod.Delete, "/admin/grains/greeter/x", guest)).Code);
        var answer = await host.Address.GetAsync("/admin/cluster", await TokenAsync("admin"));
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.True(answer.Headers.Contains("RateLimit-Limit"));
    }

    [Theory]
    [InlineData("""{"roles":["user"]}""", "subject")]
    [InlineData("""{"subject":"x","roles":["king"]}""", "roles")]
    [InlineData("""{"subject":"x","minutes":100000}""", "minutes")]
    [InlineData("""{"subject":"x","minutes":"soon"}""", "minutes")]
    [InlineData("""{"subject":"x","password":"y"}""", "password")]
    [InlineData("""[1]""", "body")]
    [InlineData("""{""", "body")]
    public async Task A_wrong_token_request_names_the_field(string body, string field)
    {
        var answer = await host.Address.AskAsync(HttpMethod.Post, "/admin/tokens", null, body);
        Assert.Equal((HttpStatusCode.BadRequest, "INVALID_ARGUMENT"), (answer.Status, answer.Code));
        Assert.Contains(field, answer.Json.GetProperty("errors").EnumerateArray().Select(e => e.GetProperty("field").GetString()));
    }

    [Fact]
    public async Task An_issued_token_has_the_roles_asked_for()
    {
        var user = await TokenAsync("user");
        Assert.Equal("56", (await host.Address.MultiplyAsync(user)).Body);
        Assert.Equal("PERMISSION_DENIED", (await host.Address.GetAsync("/admin/grains", user)).Code);
    }

    private async Task<string> TokenAsync(string role)
    {
        var answer = await host.Address.AskAsync(HttpMethod.Post, "/admin/tokens", null, $$"""{"subject":"tester","roles":["{{role}}"]}""");
        return answer.Json.GetProperty("token").GetString()!;
    }

    private async Task<int> GreetAsync(string key)
    {
        var answer = await host.Address.AskAsync(HttpMethod.Post, $"/rpc/greeter/{key}/Greet", host.Token, "{}");
        return answer.Json.GetProperty("count").GetInt32();
    }
}
