using System.Net;

namespace Granary.Tests;

/// <summary>The addresses of discovery, on a host with its silo in it.</summary>
[Collection(DevelopmentHostCollection.Name)]
public sealed class DiscoveryEndpointTests(DevelopmentHost host)
{
    [Fact]
    public async Task All_services_are_listed_with_their_instances()
    {
        var services = (await host.Address.GetAsync("/discovery/services", host.Token)).Json.GetProperty("services").EnumerateArray().ToList();
        Assert.Contains(services, s => s.GetProperty("service").GetString() == "users" && s.GetProperty("versions").GetArrayLength() == 2);
        Assert.All(services, s => Assert.Equal(1, s.GetProperty("instances").GetArrayLength()));
    }

    [Fact]
    public async Task An_answer_that_is_known_already_is_304()
    {
        var first = await host.Address.GetAsync("/discovery/services/calculator", host.Token);
        var tag = first.Headers.ETag!.Tag;
        var again = await host.Address.GetAsync("/discovery/services/calculator", host.Token, ("If-None-Match", $"\"other\", {tag}"));
        Assert.Equal((HttpStatusCode.NotModified, ""), (again.Status, again.Body));
        Assert.Equal(tag, again.Headers.ETag!.Tag);
        Assert.Equal(HttpStatusCode.OK, (await host.Address.GetAsync("/discovery/services/calculator", host.Token, ("If-None-Match", "\"other\""))).Status);
    }

    [Fact]
    public async Task A_watch_that_nothing_happens_to_is_answered_when_its_time_is_over()
    {
        var first = await host.Address.GetAsync("/discovery/services/calculator", host.Token);
        var index = first.Headers.GetValues("X-Granary-Index").Single();
        var later = await host.Address.GetAsync($"/discovery/services/calculator?index={index}&wait=50ms", host.Token);
        Assert.Equal(first.Body, later.Body);
        Assert.Equal(index, later.Headers.GetValues("X-Granary-Index").Single());
    }

    [Theory]
    [InlineData("/discovery/services/calculator?index=x&wait=1s", "index")]
    [InlineData("/discovery/services/calculator?index=1&wait=soon", "wait")]
    [InlineData("/discovery/services?index=1&wait=-5", "wait")]
    public async Task A_wrong_index_or_time_is_named(string path, string field)
    {
        var answer = await host.Address.GetAsync(path, host.Token);
        Assert.Equal((HttpStatusCode.BadRequest, "INVALID_ARGUMENT"), (answer.Status, answer.Code));
        Assert.Equal(field, answer.Json.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task An_unknown_service_is_404_and_a_caller_without_a_token_is_401()
    {
        Assert.Equal("NOT_FOUND", (await host.Address.GetAsync("/discovery/services/nothing", host.Token)).Code);
        Assert.Equal("UNAUTHENTICATED", (await host.Address.GetAsync("/discovery/services")).Code);
    }

    [Fact]
    public async Task A_role_can_be_required()
    {
        await using var strict = HostProcess.Start("ApiHost", "Production", Tokens.Setting, "Granary:Discovery:Role=watcher");
        var address = await strict.AddressAsync();
        Assert.Equal("PERMISSION_DENIED", (await address.GetAsync("/discovery/services", Tokens.For("user"))).Code);
        Assert.Equal(HttpStatusCode.OK, (await address.GetAsync("/discovery/services", Tokens.For("watcher"))).Status);
    }

    [Fact]
    public async Task A_host_that_stops_is_unready_first_still_serves_and_answers_those_who_wait()
    {
        await using var stopping = HostProcess.Start("ApiHost", "Production", Tokens.Setting, "Granary:StopDelay=00:01:00");
        var address = await stopping.AddressAsync();
        var first = await address.GetAsync("/discovery/services", Tokens.For("user"));
        var watch = address.GetAsync($"/discovery/services?index={first.Headers.GetValues("X-Granary-Index").Single()}&wait=60s", Tokens.For("user"));
        Assert.Equal(HttpStatusCode.OK, (await address.GetAsync("/readyz")).Status);

        stopping.Terminate();
        await Until.HoldsAsync(async () => (await address.GetAsync("/readyz")).Status == HttpStatusCode.ServiceUnavailable, "not ready");
        Assert.Equal("56", (await address.MultiplyAsync(Tokens.For("user"))).Body);
        Assert.Equal(HttpStatusCode.OK, (await address.GetAsync("/healthz")).Status);
        Assert.Equal(first.Body, (await watch).Body);
    }
}
