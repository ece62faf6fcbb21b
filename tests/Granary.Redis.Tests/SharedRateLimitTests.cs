using System.Globalization;
using Granary.Gateway.Admission;
using Granary.Redis.Tests.Support;

namespace Granary.Redis.Tests;

/// <summary>Rate limits that gateways share on a real server: there, slow, gone and back.</summary>
public sealed class SharedRateLimitTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly string _service = $"limits{Guid.NewGuid():N}";

    [Fact]
    public async Task Two_gateways_under_load_at_once_grant_exactly_the_limit()
    {
        await using var server = await RedisServer.StartAsync();
        await using var one = await GatewayAsync(server, 500);
        await using var other = await GatewayAsync(server, 500);
        var granted = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => (i % 2 == 0 ? one : other).GrantedAsync(200))));
        Assert.Equal(500, granted.Sum());
    }

    [Fact]
    public async Task Over_time_they_grant_what_comes_in_by_the_servers_clock()
    {
        await using var server = await RedisServer.StartAsync();
        var policy = () => new RateLimitPolicy { Tokens = 200, Period = TimeSpan.FromSeconds(1), Burst = 20 };
        await using var one = new LimitingGateway(server.Address, _service, policy());
        await using var other = new LimitingGateway(server.Address, _service, policy());
        await one.BeatAsync();
        await other.BeatAsync();
        var from = await TimeAsync(server);
        var granted = 0;
        double seconds;
        do
        {
            foreach (var part in await Task.WhenAll(one.GrantedAsync(20), other.GrantedAsync(20))) granted += part;
            seconds = await TimeAsync(server) - from;
            Assert.True(granted <= 20 + (200 * seconds) + 1, $"{granted} in {seconds} s");
        }
        while (seconds < 1);

        // However slow this machine is, what has come in is there to be taken.
        granted += await one.GrantedAsync(30);
        Assert.True(granted >= 20, $"{granted} in {seconds} s");
    }

    [Fact]
    public async Task A_fraction_of_a_token_is_not_lost_nor_gained()
    {
        await using var server = await RedisServer.StartAsync();
        await using var gateway = new LimitingGateway(server.Address, _service, new RateLimitPolicy { Tokens = 7, Period = TimeSpan.FromHours(1) });
        var request = new SharedRequest("few", "p", TimeSpan.FromHours(1).TotalMicroseconds / 7, 7);
        for (var i = 6; i >= 0; i--)
        {
            var answer = await gateway.Tokens.TakeAsync(request with { Need = 1 }, TimeSpan.FromSeconds(5));
            Assert.Equal((1, 0, i), (answer.Granted, answer.Ahead, answer.Remaining));
        }

        var refused = await gateway.Tokens.TakeAsync(request with { Need = 1 }, TimeSpan.FromSeconds(5));
        Assert.Equal((0, 0), (refused.Granted, refused.Remaining));
        Assert.InRange(refused.RetryIn, TimeSpan.FromHours(1) / 7 - TimeSpan.FromMinutes(1), TimeSpan.FromHours(1) / 7);
        Assert.Equal(3, (await gateway.Tokens.TakeAsync(request with { Back = 3, Need = 5 }, TimeSpan.FromSeconds(5))).Granted);

        // More than was taken cannot be given back, and no bucket is emptier than empty.
        Assert.Equal(7, (await gateway.Tokens.TakeAsync(request with { Back = 50 }, TimeSpan.FromSeconds(5))).Remaining);
        Assert.Equal(0, (await gateway.Tokens.TakeAsync(request with { Owed = 1000 }, TimeSpan.FromSeconds(5))).Remaining);
        Assert.Equal(2, (await gateway.Tokens.TakeAsync(request with { Back = 2 }, TimeSpan.FromSeconds(5))).Remaining);
        Assert.Equal((7 - 2) / 4, (await gateway.Tokens.TakeAsync(request with { Back = 5, Need = 2, Ahead = 100 }, TimeSpan.FromSeconds(5))).Ahead);
    }

    [Fact]
    public async Task Keys_are_gone_when_their_buckets_are_full_and_name_nobody()
    {
        await using var server = await RedisServer.StartAsync();
        await using var gateway = new LimitingGateway(server.Address, _service, new RateLimitPolicy { Tokens = 1000, Period = TimeSpan.FromSeconds(1) });
        await gateway.BeatAsync();
        Assert.Equal(2, await gateway.GrantedAsync(1, "alice@example.com") + await gateway.GrantedAsync(1, "bob"));
        await Eventually.True(async () => !(await server.SendAsync("KEYS", "*limit*")).Contains("limit", StringComparison.Ordinal), "the keys expire");
        await gateway.GrantedAsync(500, "alice@example.com");
        Assert.DoesNotContain("alice", await server.SendAsync("KEYS", "*"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_the_server_is_paused_each_gateway_grants_its_share_and_afterwards_there_is_no_burst()
    {
        await using var server = await RedisServer.StartAsync();
        await using var one = await GatewayAsync(server, 100, s_patience);
        await using var other = await GatewayAsync(server, 100, s_patience);
        await SharedAsync(one, other);
        await one.GrantedAsync(20);
        server.Pause();
        var alone = await Task.WhenAll(one.GrantedAsync(1000), other.GrantedAsync(1000));
        Assert.False(one.Shared.IsShared || other.Shared.IsShared);

        // A half each at most; the one that has seen twenty gone begins with a bucket that is a fifth empty.
        Assert.InRange(alone[0], 30, 45);
        Assert.InRange(alone[1], 45, 50);
        server.Resume();
        await SharedAsync(one, other);
        Assert.InRange(await one.GrantedAsync(100) + await other.GrantedAsync(100), 0, 5);
    }

    [Fact]
    public async Task A_server_that_comes_back_empty_is_told_what_was_granted_without_it()
    {
        await using var server = await RedisServer.StartAsync();
        await using var one = await GatewayAsync(server, 100, s_patience);
        await using var other = await GatewayAsync(server, 100, s_patience);
        await SharedAsync(one, other);
        await server.StopAsync();
        var alone = await Task.WhenAll(one.GrantedAsync(1000), other.GrantedAsync(1000));
        Assert.Equal((50, 50), (alone[0], alone[1]));
        await server.RunAsync();
        await SharedAsync(one, other);
        Assert.Equal(0, await one.GrantedAsync(100) + await other.GrantedAsync(100));
        Assert.Equal(100, await one.GrantedAsync(60, "bob") + await other.GrantedAsync(60, "bob"));
    }

    [Fact]
    public async Task Gateways_know_how_many_they_are()
    {
        await using var server = await RedisServer.StartAsync();
        await using var one = await GatewayAsync(server, 10);
        await using var other = await GatewayAsync(server, 10);
        await one.BeatAsync();
        Assert.Equal(0.5, one.Shared.Share);
        await other.Tokens.LeaveAsync();
        await one.BeatAsync();
        Assert.Equal(1, one.Shared.Share);
    }

    [Fact]
    public async Task A_user_with_the_documented_permissions_may_do_all_of_it()
    {
        await using var server = await RedisServer.StartAsync();
        string[] rule = ["ACL", "SETUSER", "granary", "reset", "on", ">secret word", "~granary:*", "&granary:*", "-@all", .. Permissions()];
        Assert.StartsWith("+OK", await server.SendAsync(rule), StringComparison.Ordinal);
        await using var gateway = new LimitingGateway($"{server.Address},user=granary,password=secret word", _service, Policy(3));
        await gateway.BeatAsync();
        Assert.True(gateway.Shared.IsShared);
        Assert.Equal(3, await gateway.GrantedAsync(5));
        await gateway.Tokens.LeaveAsync();
    }

    private static RateLimitPolicy Policy(int tokens) => new() { Tokens = tokens, Period = TimeSpan.FromDays(1) };

    // By the page, so that it stays true.
    private static string[] Permissions()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "docs", "redis.md"))) folder = folder.Parent;
        var page = File.ReadAllText(Path.Combine(folder!.FullName, "docs", "redis.md"));
        var block = page[page.IndexOf("-@all", StringComparison.Ordinal)..];
        return block[5..block.IndexOf("```", StringComparison.Ordinal)].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
    }

    private static async Task<double> TimeAsync(RedisServer server)
    {
        var parts = (await server.SendAsync("TIME")).Split("\r\n");
        return double.Parse(parts[2], CultureInfo.InvariantCulture) + (double.Parse(parts[4], CultureInfo.InvariantCulture) / 1e6);
    }

    private static Task SharedAsync(params LimitingGateway[] gateways) => Eventually.True(
        async () =>
        {
            foreach (var gateway in gateways) await gateway.BeatAsync();
            return gateways.All(g => g.Shared.IsShared && g.Shared.Share == 1.0 / gateways.Length);
        },
        "the gateways share again");

    // A token in so many minutes that none comes in while a test runs.
    private async Task<LimitingGateway> GatewayAsync(RedisServer server, int tokens, TimeSpan? patience = null)
    {
        var gateway = new LimitingGateway(server.Address, _service, Policy(tokens), patience);
        await gateway.BeatAsync();
        return gateway;
    }
}
