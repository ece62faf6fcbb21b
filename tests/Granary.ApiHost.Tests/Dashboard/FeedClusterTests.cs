using System.Text.Json;
using Granary.Redis.Tests.Support;

namespace Granary.Tests.Dashboard;

/// <summary>The feed of two gateways of one cluster while its processes come and go.</summary>
public sealed class FeedClusterTests : IAsyncLifetime
{
    private const string Secret = "Granary:Engine:ClusterSecret=a secret of the cluster's processes";

    // What is asked again and again until it holds.
    private const string Often = "Granary:RateLimits:Policies:admin:Burst=100000";

    private RedisServer? _redis;

    public async Task InitializeAsync() => _redis = await RedisServer.StartAsync();

    public async Task DisposeAsync()
    {
        if (_redis is not null) await _redis.DisposeAsync();
    }

    [Fact]
    public async Task Gateways_see_each_other_and_a_silo_that_dies_is_shown_so_while_the_other_goes_on()
    {
        await using var first = HostProcess.Start("Silo", "Production", Redis, Secret, "Granary:Cluster:SiloName=first");
        await using var second = HostProcess.Start("Silo", "Production", Redis, Secret, "Granary:Cluster:SiloName=second");
        await Task.WhenAll(first.AddressAsync(), second.AddressAsync());
        await using var one = HostProcess.Start("ApiHost", "Production", Redis, Secret, Tokens.Setting, Often, "Granary:Mode=Client");
        await using var other = HostProcess.Start("ApiHost", "Production", Redis, Secret, Tokens.Setting, Often, "Granary:Mode=Client");
        var address = await one.AddressAsync();
        var otherAddress = await other.AddressAsync();

        using var feed = await FeedReader.OpenAsync(address, Tokens.For("admin"), "view=overview");
        using var otherFeed = await FeedReader.OpenAsync(otherAddress, Tokens.For("admin"), "view=overview");
        var both = await feed.NextAsync("overview", o => Answering(o) == 2 && o.GetProperty("gateways").GetArrayLength() == 2);
        Assert.Single(both.GetProperty("gateways").EnumerateArray(), g => g.GetProperty("here").GetBoolean());
        await otherFeed.NextAsync("overview", o => Answering(o) == 2 && o.GetProperty("gateways").GetArrayLength() == 2);

        // A level set through one reaches all: silos at once, the other gateway with its next report.
        await address.AskAsync(HttpMethod.Post, "/admin/log-levels", Tokens.For("admin"), """{"category":"Granary.Test","level":"trace","minutes":5}""");
        await Until.HoldsAsync(async () => (await otherAddress.GetAsync("/admin/log-levels", Tokens.For("admin"))).Json.GetArrayLength() == 4, "four processes have the level");
        await otherFeed.NextAsync("events", e => e.GetProperty("events").EnumerateArray().Any(x => x.GetProperty("kind").GetString() == "log-level"));

        // And those that join later.
        await using var late = HostProcess.Start("Silo", "Production", Redis, Secret, "Granary:Cluster:SiloName=late");
        await Until.HoldsAsync(async () => (await otherAddress.GetAsync("/admin/log-levels", Tokens.For("admin"))).Json.GetArrayLength() == 5, "the late one has the level");

        second.Kill();
        await feed.NextAsync("overview", o => Silo(o, "second") is not { } silo || !silo.GetProperty("answers").GetBoolean());
        var left = await feed.NextAsync("overview", o => Silo(o, "first") is { } silo && silo.GetProperty("answers").GetBoolean());
        Assert.True(Silo(left, "first")!.Value.GetProperty("load").GetProperty("memory").GetInt64() > 0);

        // It is dead by proof or by silence; both gateways tell.
        foreach (var reader in new[] { feed, otherFeed })
            await OrTellAsync(reader.NextAsync("events", e => e.GetProperty("events").EnumerateArray().Any(x => x.GetProperty("kind").GetString() == "silo-dead")), first, late, one, other);

        other.Terminate();
        await other.ExitAsync();
        await feed.NextAsync("events", e => e.GetProperty("events").EnumerateArray().Any(x => x.GetProperty("kind").GetString() == "gateway-gone"));
        await feed.NextAsync("overview", o => o.GetProperty("gateways").GetArrayLength() == 1);
    }

    // What the processes said, beside what did not come about.
    private static async Task OrTellAsync(Task<JsonElement> waiting, params HostProcess[] processes)
    {
        try
        {
            await waiting;
        }
        catch (TimeoutException error)
        {
            Assert.Fail($"{error.Message}\n{string.Join("\n\n", processes.Select(p => string.Join('\n', p.Lines)))}");
        }
    }

    private string Redis => $"Granary:Redis:ConnectionString={_redis!.Address}";

    private static int Answering(JsonElement overview) => overview.GetProperty("silos").EnumerateArray().Count(s => s.GetProperty("answers").GetBoolean());

    private static JsonElement? Silo(JsonElement overview, string name)
    {
        foreach (var silo in overview.GetProperty("silos").EnumerateArray())
        {
            if (silo.GetProperty("name").GetString() == name && silo.GetProperty("status").GetString() != "Dead") return silo;
        }

        return null;
    }
}
