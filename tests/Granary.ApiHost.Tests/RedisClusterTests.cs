using System.Net;
using System.Text.Json;
using Granary.Redis.Tests.Support;

namespace Granary.Tests;

/// <summary>Silo and ApiHost as processes of one cluster over a real Redis.</summary>
public sealed class RedisClusterTests : IAsyncLifetime
{
    private const string Secret = "a secret of the cluster's processes";
    private readonly string _secretFile = Path.GetTempFileName();
    private RedisServer? _redis;

    public async Task InitializeAsync()
    {
        await File.WriteAllTextAsync(_secretFile, Secret + "\n");
        _redis = await RedisServer.StartAsync();
    }

    public async Task DisposeAsync()
    {
        if (_redis is not null) await _redis.DisposeAsync();
        File.Delete(_secretFile);
    }

    [Fact]
    public async Task Processes_find_each_other_and_tell_who_serves_what()
    {
        var http = $"http://127.0.0.1:{Ports.Free()}";
        await using var silo = HostProcess.Start(
            "Silo", "Production", Redis, SecretFile, $"Urls={http}", "Granary:Cluster:SiloName=first", "Granary:Engine:Release=7.1", "Granary:Engine:Weight=40", "Granary:Engine:Roles:0=edge");
        await silo.AddressAsync();
        await using var embedded = HostProcess.Start("ApiHost", "Production", Redis, $"Granary:Engine:ClusterSecret={Secret}", Tokens.Setting);
        await using var client = HostProcess.Start("ApiHost", "Production", Redis, SecretFile, Tokens.Setting, "Granary:Mode=Client");
        await embedded.AddressAsync();
        var address = await client.AddressAsync();

        Assert.Equal("56", (await address.MultiplyAsync(Tokens.For("user"))).Body);
        await Until.HoldsAsync(async () => (await InstancesAsync(address)).Count == 2, "both silos serve the calculator");
        var first = (await InstancesAsync(address)).Single(i => i.GetProperty("name").GetString() == "first");
        Assert.Equal(
            (http, "7.1", 40, "edge", 1),
            (first.GetProperty("http").GetString(), first.GetProperty("release").GetString(), first.GetProperty("weight").GetInt32(), first.GetProperty("roles")[0].GetString(), first.GetProperty("versions")[0].GetInt32()));

        var cluster = (await address.GetAsync("/admin/cluster", Tokens.For("admin"))).Json;
        Assert.True(cluster.GetProperty("version").GetInt64() >= 4);
        Assert.Equal(2, cluster.GetProperty("silos").GetArrayLength());
        Assert.All(cluster.GetProperty("silos").EnumerateArray(), s =>
        {
            Assert.Equal("Active", s.GetProperty("status").GetString());
            Assert.True(s.GetProperty("queueDelayMs").GetDouble() >= 0);
            Assert.Contains(s.GetProperty("services").EnumerateArray(), v => v.GetProperty("name").GetString() == "users" && v.GetProperty("versions").GetArrayLength() == 2);
        });
        var grain = (await address.GetAsync("/admin/grains/calculator/a", Tokens.For("admin"))).Json;
        Assert.Equal(0, grain.GetProperty("running").GetInt32());
        Assert.True(grain.GetProperty("since").GetDateTimeOffset() <= grain.GetProperty("lastUsed").GetDateTimeOffset());
    }

    [Fact]
    public async Task What_is_revoked_made_and_blocked_on_one_host_counts_on_another_and_silos_believe_whom_both_name()
    {
        await using var silo = HostProcess.Start("Silo", "Production", Redis, SecretFile);
        await using var first = HostProcess.Start("ApiHost", "Production", Redis, SecretFile, Tokens.Setting, "Granary:Mode=Client");
        await using var second = HostProcess.Start("ApiHost", "Production", Redis, $"Granary:Engine:ClusterSecret={Secret}", Tokens.Setting, "Granary:Mode=Client");
        await silo.AddressAsync();
        var (one, other) = (await first.AddressAsync(), await second.AddressAsync());
        var admin = Tokens.For("admin");
        await Until.HoldsAsync(async () => (await one.GetAsync("/readyz")).Status == HttpStatusCode.OK && (await other.GetAsync("/readyz")).Status == HttpStatusCode.OK, "both are ready");
        foreach (var host in new[] { one, other }) Assert.Equal("tester", (await host.AskAsync(HttpMethod.Post, "/rpc/greeter/sealed/Greet", Tokens.For("user"), "{}")).Json.GetProperty("from").GetString());

        // A key that one makes opens the other, until the other has it removed.
        var made = (await one.AskAsync(HttpMethod.Post, "/admin/keys", admin, """{"subject":"robot","roles":["user"]}""")).Json;
        var key = made.GetProperty("key").GetString()!;
        await Until.HoldsAsync(async () => (await other.MultiplyAsync(null, ("x-api-key", key))).Status == HttpStatusCode.OK, "the key is known everywhere");
        Assert.Equal(HttpStatusCode.NoContent, (await other.AskAsync(HttpMethod.Delete, $"/admin/keys/{made.GetProperty("id").GetString()}", admin)).Status);
        await Until.HoldsAsync(async () => (await one.MultiplyAsync(null, ("x-api-key", key))).Status == HttpStatusCode.Unauthorized, "the key opens nothing any more");

        // A token, remembered by both.
        var token = Tokens.For("user");
        foreach (var host in new[] { one, other }) Assert.Equal(HttpStatusCode.OK, (await host.MultiplyAsync(token)).Status);
        var id = JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1])).RootElement.GetProperty("jti").GetString();
        Assert.Equal(HttpStatusCode.OK, (await one.AskAsync(HttpMethod.Post, "/admin/revocations", admin, $$"""{"tokenId":"{{id}}"}""")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await one.MultiplyAsync(token)).Status);
        await Until.HoldsAsync(async () => (await other.MultiplyAsync(token)).Status == HttpStatusCode.Unauthorized, "the token is refused everywhere");

        // And everything is in one log.
        var actions = (await other.GetAsync("/admin/audit", admin)).Json.GetProperty("entries").EnumerateArray().Select(e => e.GetProperty("action").GetString() + " " + e.GetProperty("result").GetString());
        Assert.Equal(["revocations.create OK", "keys.delete OK", "keys.create OK", "keys.create BEGUN"], actions);
    }

    [Fact]
    public async Task A_silo_told_to_stop_finishes_the_call_in_flight_and_those_who_watch_learn_of_it()
    {
        await using var host = HostProcess.Start("ApiHost", "Production", Redis, SecretFile, Tokens.Setting, "Granary:Mode=Client");
        await using var first = StartSilo();
        var address = await host.AddressAsync();
        await first.AddressAsync();

        // A call on the only silo there is.
        using var client = new HttpClient { BaseAddress = address };
        var body = new SlowBody("1\n2\n", "3\n");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/rpc/calculator/slow/Sum") { Content = body };
        request.Headers.Authorization = new("Bearer", Tokens.For("user"));
        var call = client.SendAsync(request);
        await Until.HoldsAsync(async () => (await address.GetAsync("/admin/grains/calculator/slow", Tokens.For("admin"))).Json.TryGetProperty("running", out var running) && running.GetInt32() == 1, "the call runs");

        await using var second = StartSilo();
        await second.AddressAsync();
        await Until.HoldsAsync(async () => (await InstancesAsync(address)).Count == 2, "both silos serve");
        var seen = await address.GetAsync("/discovery/services/calculator", Tokens.For("user"));
        var index = seen.Headers.GetValues("X-Granary-Index").Single();
        var watch = address.GetAsync($"/discovery/services/calculator?index={index}&wait=60s", Tokens.For("user"));

        first.Terminate();
        var changed = await watch;
        Assert.Equal(1, changed.Json.GetProperty("instances").GetArrayLength());
        Assert.NotEqual(seen.Headers.ETag, changed.Headers.ETag);
        Assert.Equal("56", (await address.MultiplyAsync(Tokens.For("user"))).Body);
        Assert.False(call.IsCompleted);

        body.GoOn();
        using var response = await call;
        Assert.Equal((HttpStatusCode.OK, "6"), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        Assert.Equal(0, await first.ExitAsync());
        Assert.Equal("56", (await address.MultiplyAsync(Tokens.For("user"))).Body);
        second.Terminate();
        Assert.Equal(0, await second.ExitAsync());
    }

    [Fact]
    public async Task A_process_without_the_secret_is_not_let_in()
    {
        await using var silo = StartSilo();
        await silo.AddressAsync();
        await using var stranger = HostProcess.Start("ApiHost", "Production", Redis, "Granary:Engine:ClusterSecret=the secret of another cluster", Tokens.Setting, "Granary:Mode=Client");
        Assert.NotEqual(0, await stranger.ExitAsync());
        Assert.DoesNotContain(Secret, string.Join('\n', silo.Lines.Concat(stranger.Lines)) + await stranger.Errors, StringComparison.Ordinal);
    }

    private string Redis => $"Granary:Redis:ConnectionString={_redis!.Address}";

    private string SecretFile => $"Granary:Engine:ClusterSecretFile={_secretFile}";

    private HostProcess StartSilo() => HostProcess.Start("Silo", "Production", Redis, SecretFile, "Granary:Engine:DrainTimeout=00:01:00");

    private static async Task<List<JsonElement>> InstancesAsync(Uri host) =>
        [.. (await host.GetAsync("/discovery/services/calculator", Tokens.For("user"))).Json.GetProperty("instances").EnumerateArray()];
}
