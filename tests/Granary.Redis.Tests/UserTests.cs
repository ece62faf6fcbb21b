using System.Net;
using System.Net.Sockets;
using System.Text;
using Granary.Engine.Membership;
using Granary.Engine.Redis.Reminders;
using Granary.Engine.Redis.Storage;
using Granary.Hosting;
using Granary.Redis.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Persistence;

namespace Granary.Redis.Tests;

/// <summary>Servers whose user <c>default</c> is off: everything is done as the user granary, with the permissions of docs/redis.md and no others.</summary>
public sealed class UserTests
{
    private const string Cluster = "users";
    private const string Password = "only-for-granary";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_user_of_its_own_does_all_that_a_cluster_needs()
    {
        await using var server = await StartAsync();
        await using var one = new Member(As("granary", server), Cluster);
        await using var two = new Member(As("granary", server), Cluster);
        await one.BecomeAsync(SiloStatus.Active);
        await two.BecomeAsync(SiloStatus.Active);
        await Eventually.True(() => one.Table.View.Silos.Length == 2, "views are heard");
        Assert.Equal(LeaseState.Held, (await one.Table.RenewAsync(one.Address, 1, default)).Lease);

        await one.Directory.Register(one.Here("1"));
        Assert.Equal(one.Address, (await two.Directory.Lookup(one.Here("1").GrainId))!.SiloAddress);
        await two.Directory.UnregisterSilos([one.Address]);
        Assert.Null(await two.Directory.Lookup(one.Here("1").GrainId));

        var storage = new RedisGrainStorage("Default", one.Data, Cluster, new RedisStorageOptions(), 1 << 20, TimeProvider.System);
        var grain = GrainId.Create("wallet", "ann");
        await storage.WriteStateAsync("wallet", grain, new GrainState<Wallet>(new Wallet { Cents = 7 }));
        var read = new GrainState<Wallet>();
        await storage.ReadStateAsync("wallet", grain, read);
        Assert.Equal(7, read.State.Cents);

        var reminders = new RedisReminderTable(one.Data, Cluster, NullLogger.Instance);
        await reminders.StartAsync();
        await reminders.UpsertRow(new ReminderEntry { GrainId = grain, ReminderName = "tick", StartAt = DateTime.UnixEpoch, Period = TimeSpan.FromMinutes(1) });
        Assert.Single((await reminders.ReadRows(0, 0)).Reminders);

        Assert.DoesNotContain("user=default", await ClientsAsync(server), StringComparison.Ordinal);
        Assert.Contains("user=granary", await ClientsAsync(server), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("granary", "wrong")]
    [InlineData("nobody", Password)]
    [InlineData("sleeper", Password)]
    public async Task Who_is_not_let_in_is_named_and_the_password_is_not(string user, string password)
    {
        await using var server = await StartAsync();
        await AskAsync(server, "ACL", "SETUSER", "sleeper", "off", $">{Password}");
        await using var member = new Member($"{server.Address},user={user},password={password}", Cluster);
        var error = await Assert.ThrowsAsync<MembershipUnavailableException>(() => member.BecomeAsync(SiloStatus.Active));
        Assert.Equal(RedisProblem.NotAuthenticated, ProblemOf(error));
        Assert.Contains($"'{user}'", error.Message, StringComparison.Ordinal);
        Assert.Contains(server.Address, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(password, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_permission_is_named_with_the_user()
    {
        await using var server = await StartAsync();
        await AskAsync(server, "ACL", "SETUSER", "granary", "-hset");
        await using var member = new Member(As("granary", server), Cluster);
        var error = await Assert.ThrowsAsync<MembershipUnavailableException>(() => member.BecomeAsync(SiloStatus.Active));
        Assert.Equal(RedisProblem.Forbidden, ProblemOf(error));
        Assert.Contains("'granary'", error.Message, StringComparison.Ordinal);
        Assert.Contains("ACL SETUSER granary", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_restart_of_the_server_the_user_logs_in_again()
    {
        await using var server = await StartAsync();
        await using var member = new Member(As("granary", server), Cluster);
        await member.BecomeAsync(SiloStatus.Active);
        await server.StopAsync();
        var away = await Assert.ThrowsAsync<MembershipUnavailableException>(() => member.Table.RenewAsync(member.Address, 1, default));
        Assert.Contains(server.Address, away.Message, StringComparison.Ordinal);
        await server.RunAsync();
        await member.RestoreAsync(member.Here("1"));
        Assert.True(await member.FindsAsync(member.Here("1")));
    }

    [Fact]
    public async Task A_user_that_is_taken_away_while_it_is_connected_is_told()
    {
        await using var server = await StartAsync();
        await using var member = new Member(As("granary", server), Cluster);
        await member.BecomeAsync(SiloStatus.Active);
        await AskAsync(server, "ACL", "DELUSER", "granary");
        await Eventually.True(
            async () =>
            {
                try
                {
                    await member.Table.RenewAsync(member.Address, 1, default);
                    return false;
                }
                catch (MembershipUnavailableException error)
                {
                    return ProblemOf(error) == RedisProblem.NotAuthenticated && error.Message.Contains("'granary'", StringComparison.Ordinal);
                }
            },
            "the user is refused by name");
    }

    [Fact]
    public async Task A_member_that_goes_leaves_no_connection_behind()
    {
        await using var server = await StartAsync();
        await using (var member = new Member(As("granary", server), Cluster))
        {
            await member.BecomeAsync(SiloStatus.Active);
            await member.Directory.Register(member.Here("1"));
        }

        await Eventually.True(async () => !(await ClientsAsync(server)).Contains("user=granary", StringComparison.Ordinal), "the server has lost them all");
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_is_refused_before_the_password_is_sent()
    {
        using var certificate = ServerCertificate.Create();
        var port = RedisServer.FreePort();
        await using var server = await StartAsync(["--tls-port", $"{port}", .. certificate.Arguments]);
        await using var member = new Member($"127.0.0.1:{port},user=granary,password={Password},ssl=true,sslHost=localhost", Cluster);
        var error = await Assert.ThrowsAsync<MembershipUnavailableException>(() => member.BecomeAsync(SiloStatus.Active));
        Assert.Equal(RedisProblem.NotAuthenticated, ProblemOf(error));
        Assert.Contains("certificate", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("user=granary", await ClientsAsync(server), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_Redis_Cluster_is_refused_with_what_to_do()
    {
        await using var server = await StartAsync("--cluster-enabled", "yes");
        await using var member = new Member(As("granary", server), Cluster);
        var error = await Assert.ThrowsAsync<MembershipUnavailableException>(() => member.BecomeAsync(SiloStatus.Active));
        Assert.Contains("Redis Cluster", error.Message, StringComparison.Ordinal);
        Assert.Contains("user=granary", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stranger_at_the_relay_is_sent_away_and_never_reaches_the_server()
    {
        await using var server = await StartAsync();
        var configuration = RedisConfiguration.Parse(As("granary", server));
        using var relay = new LoginRelay(configuration.EndPoints[0], configuration, "the token", TimeProvider.System);
        foreach (var said in new[] { "*2\r\n$4\r\nAUTH\r\n$9\r\nthe tokem\r\n*1\r\n$4\r\nPING\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "PING\r\nPING\r\nPING\r\nPING\r\nPING\r\nPING\r\n" })
        {
            using var stranger = await ConnectAsync(relay);
            await stranger.WriteAsync(Encoding.ASCII.GetBytes(said));
            Assert.Equal("", await RestAsync(stranger));
        }

        using var ours = await ConnectAsync(relay);
        await ours.WriteAsync("*2\r\n$4\r\nAUTH\r\n$9\r\nthe token\r\n*1\r\n$4\r\nPING\r\n"u8.ToArray());
        // What is said before the end is answered after it.
        ours.Socket.Shutdown(SocketShutdown.Send);
        Assert.Equal("+OK\r\n+PONG\r\n", await RestAsync(ours));
    }

    [Fact]
    public async Task A_stranger_who_says_nothing_is_sent_away_in_time()
    {
        await using var server = await StartAsync();
        var configuration = RedisConfiguration.Parse($"{As("granary", server)},connectTimeout=250");
        using var relay = new LoginRelay(configuration.EndPoints[0], configuration, "the token", TimeProvider.System);
        using var stranger = await ConnectAsync(relay);
        await stranger.WriteAsync("*2\r\n$4\r\nAU"u8.ToArray());
        Assert.Equal("", await RestAsync(stranger));
    }

    [Fact]
    public async Task The_relay_gives_the_servers_refusal_and_ends()
    {
        await using var server = await StartAsync();
        var configuration = RedisConfiguration.Parse($"{server.Address},user=granary,password=wrong");
        using var relay = new LoginRelay(configuration.EndPoints[0], configuration, "the token", TimeProvider.System);
        using var ours = await ConnectAsync(relay);
        await ours.WriteAsync("*2\r\n$4\r\nAUTH\r\n$9\r\nthe token\r\n"u8.ToArray());
        Assert.StartsWith("-WRONGPASS", await RestAsync(ours), StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_the_relay_ends_its_connections_end()
    {
        await using var server = await StartAsync();
        var configuration = RedisConfiguration.Parse(As("granary", server));
        var relay = new LoginRelay(configuration.EndPoints[0], configuration, "the token", TimeProvider.System);
        using var ours = await ConnectAsync(relay);
        await ours.WriteAsync("*2\r\n$4\r\nAUTH\r\n$9\r\nthe token\r\n"u8.ToArray());
        var answer = new byte[5];
        await ours.ReadExactlyAsync(answer);
        relay.Dispose();
        Assert.Equal("", await RestAsync(ours));
        await Assert.ThrowsAnyAsync<SocketException>(() => ConnectAsync(relay));
        await Eventually.True(async () => !(await ClientsAsync(server)).Contains("user=granary", StringComparison.Ordinal), "the server has lost it");
    }

    [Fact]
    public void A_user_is_read_from_the_string_and_told_apart_from_others()
    {
        var options = RedisConfiguration.Parse("redis:6379, User=granary ,password=hush,ssl=true");
        Assert.Equal("granary", options.User);
        Assert.Equal("hush", options.Password);
        Assert.True(options.Ssl);
        var other = RedisConfiguration.Parse("redis:6379,user=other,password=hush,ssl=true");
        Assert.NotEqual(RedisConfiguration.Identity(options), RedisConfiguration.Identity(other));
        Assert.Null(RedisConfiguration.Parse("redis:6379,password=hush").User);
        options.User = null;
        Assert.Null(options.User);
    }

    private static string As(string user, RedisServer server) => $"{server.Address},user={user},password={Password}";

    /// <summary>The users: default, who is off; granary; and admin, who looks after it for the test.</summary>
    private static Task<RedisServer> StartAsync(params string[] arguments) => RedisServer.StartAsync(
        ["--user", "granary", "reset", "on", $">{Password}", .. ConnectionTests.Permissions, "--user", "admin", "reset", "on", ">admin", "~*", "&*", "+@all", "--user", "default", "reset", "off", .. arguments]);

    private static Task<string> ClientsAsync(RedisServer server) => AskAsync(server, "CLIENT", "LIST");

    private static async Task<string> AskAsync(RedisServer server, params string[] command)
    {
        using var admin = new TcpClient();
        await admin.ConnectAsync(IPAddress.Loopback, server.Port);
        byte[] said = [.. Login.Command("AUTH", "admin", "admin"), .. Login.Command(command)];
        var stream = admin.GetStream();
        await stream.WriteAsync(said);
        admin.Client.Shutdown(SocketShutdown.Send);
        return await RestAsync(stream);
    }

    private static async Task<NetworkStream> ConnectAsync(LoginRelay relay)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(relay.Address);
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>What comes until the other side ends.</summary>
    private static async Task<string> RestAsync(NetworkStream stream)
    {
        using var patience = new CancellationTokenSource(s_patience);
        using var all = new MemoryStream();
        try
        {
            await stream.CopyToAsync(all, patience.Token);
        }
        catch (IOException)
        {
            // It ended without having read everything.
        }

        return Encoding.UTF8.GetString(all.ToArray());
    }

    private static RedisProblem ProblemOf(Exception error) => Assert.IsType<RedisRequestException>(error.InnerException).Problem;
}
