using System.Net;
using System.Net.Sockets;
using Granary.Engine.Membership;
using Granary.Hosting;
using Granary.Redis.Tests.Support;

namespace Granary.Redis.Tests;

/// <summary>What happens when Redis is not as it should be: always an error that says what to do, never a wait without end.</summary>
public sealed class ConnectionTests
{
    private const string Cluster = "connections";

    /// <summary>As docs/redis.md has them.</summary>
    internal static readonly string[] Permissions =
    [
        "~granary:*", "&granary:*", "-@all", "+evalsha", "+eval", "+time", "+ping", "+echo", "+info", "+client|setname", "+subscribe", "+unsubscribe", "+publish", "+scan", "+select",
        "+exists", "+get", "+mget", "+set", "+del", "+pexpire", "+hget", "+hmget", "+hgetall", "+hkeys", "+hexists", "+hset", "+hsetnx", "+hdel", "+zadd", "+zrem", "+zscore", "+zrangebyscore", "+hincrby",
    ];

    [Fact]
    public async Task Nobody_at_the_address()
    {
        await using var member = new Member($"127.0.0.1:{RedisServer.FreePort()},connectTimeout=500", Cluster);
        var error = await Assert.ThrowsAsync<MembershipUnavailableException>(() => member.BecomeAsync(SiloStatus.Active));
        Assert.Contains("cannot be reached", error.Message, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1", error.Message, StringComparison.Ordinal);
        Assert.Equal(RedisProblem.Unreachable, ProblemOf(error));
    }

    [Fact]
    public async Task A_server_that_comes_later_is_found()
    {
        await using var server = await RedisServer.StartAsync();
        await server.StopAsync();
        await using var member = new Member($"{server.Address},connectTimeout=500", Cluster);
        await Assert.ThrowsAsync<MembershipUnavailableException>(() => member.BecomeAsync(SiloStatus.Active));
        await server.RunAsync();
        await Eventually.True(() => Succeeds(() => member.BecomeAsync(SiloStatus.Active)), "the server is found");
    }

    [Theory]
    [InlineData("")]
    [InlineData(",password=wrong")]
    public async Task A_wrong_password_is_named_and_not_shown(string password)
    {
        await using var server = await RedisServer.StartAsync("--requirepass", "right-secret");
        await using var member = new Member(server.Address + password, Cluster);
        var error = await Assert.ThrowsAsync<MembershipUnavailableException>(() => member.BecomeAsync(SiloStatus.Active));
        Assert.Equal(RedisProblem.NotAuthenticated, ProblemOf(error));
        Assert.DoesNotContain("password=wrong", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("password=", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_right_password_is_used()
    {
        await using var server = await RedisServer.StartAsync("--requirepass", "right-secret");
        await using var member = new Member($"{server.Address},password=right-secret", Cluster);
        Assert.Single((await member.BecomeAsync(SiloStatus.Active)).Silos);
    }

    [Fact]
    public async Task A_server_is_reached_over_TLS()
    {
        using var certificate = ServerCertificate.Create();
        var port = RedisServer.FreePort();
        await using var server = await RedisServer.StartAsync(["--tls-port", $"{port}", .. certificate.Arguments]);
        var configuration = RedisConfiguration.Parse($"127.0.0.1:{port},ssl=true,sslHost=localhost");
        configuration.CertificateValidation += (_, presented, _, _) => presented?.GetCertHashString() == certificate.Hash;
        await using var member = new Member(configuration, Cluster);
        Assert.Single((await member.BecomeAsync(SiloStatus.Active)).Silos);
        Assert.NotNull(await member.Directory.Register(member.Here("1")));
        // Without that rule nobody vouches for the certificate.
        await using var strict = new Member($"127.0.0.1:{port},ssl=true,sslHost=localhost", Cluster);
        await Assert.ThrowsAsync<MembershipUnavailableException>(() => strict.BecomeAsync(SiloStatus.Active));
    }

    [Fact]
    public async Task A_replica_says_that_it_does_not_write()
    {
        await using var primary = await RedisServer.StartAsync("--repl-diskless-sync-delay", "0");
        await using var replica = await RedisServer.StartAsync("--replicaof", "127.0.0.1", $"{primary.Port}");
        await Eventually.True(async () => (await replica.SendAsync("INFO", "replication")).Contains("master_link_status:up", StringComparison.Ordinal), "the replica is in step");
        await using var member = new Member(replica.Address, Cluster);
        var error = await Assert.ThrowsAsync<MembershipUnavailableException>(() => member.BecomeAsync(SiloStatus.Active));
        Assert.Equal(RedisProblem.ReadOnly, ProblemOf(error));
    }

    [Fact]
    public async Task A_full_server_says_that_it_is_out_of_memory()
    {
        await using var server = await RedisServer.StartAsync();
        await using var member = new Member(server.Address, Cluster);
        await member.BecomeAsync(SiloStatus.Active);
        await server.SendAsync("CONFIG", "SET", "maxmemory", "1");
        var error = await Assert.ThrowsAsync<Granary.Engine.Directory.DirectoryUnavailableException>(() => member.Directory.Register(member.Here("1")));
        Assert.Equal(RedisProblem.OutOfMemory, ProblemOf(error));
        Assert.Contains("noeviction", error.Message, StringComparison.Ordinal);
        await server.SendAsync("CONFIG", "SET", "maxmemory", "0");
        Assert.NotNull(await member.Directory.Register(member.Here("1")));
    }

    [Fact]
    public async Task A_server_that_is_too_old_is_named_with_its_version()
    {
        using var old = new OldServer("5.0.14");
        await using var member = new Member($"127.0.0.1:{old.Port}", Cluster);
        var error = await Assert.ThrowsAsync<MembershipUnavailableException>(() => member.BecomeAsync(SiloStatus.Active));
        Assert.Equal(RedisProblem.TooOld, ProblemOf(error));
        Assert.Contains("5.0.14", error.Message, StringComparison.Ordinal);
        Assert.Contains("6.2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Permissions_that_docs_list_are_enough()
    {
        await using var server = await RedisServer.StartAsync();
        await server.SendAsync(["ACL", "SETUSER", "default", "reset", "on", ">secret", .. Permissions]);
        await using var member = new Member($"{server.Address},password=secret", Cluster);
        await using var other = new Member($"{server.Address},password=secret", Cluster);
        await member.BecomeAsync(SiloStatus.Active);
        await other.BecomeAsync(SiloStatus.Active);
        await Eventually.True(() => member.Table.View.Silos.Length == 2, "views are heard");
        Assert.Equal(LeaseState.Held, (await member.Table.RenewAsync(member.Address, 1, default)).Lease);
        await member.Directory.Register(member.Here("1"));
        Assert.NotNull(await member.Directory.Lookup(member.Here("1").GrainId));
        await member.Directory.UnregisterSilos([member.Address]);
        Assert.Null(await member.Directory.Lookup(member.Here("1").GrainId));
        await server.SendAsync("SCRIPT", "FLUSH");
        await other.BecomeAsync(SiloStatus.Dead);
        await member.Table.ForgetDeadAsync(TimeSpan.FromDays(-1), default);
        Assert.Single(member.Table.View.Silos);
        await member.Directory.CompleteRestoreAsync(default);
    }

    [Theory]
    [InlineData("-eval", "eval")]
    [InlineData("-hset", "can't run this command")]
    public async Task A_missing_permission_is_named(string without, string named)
    {
        await using var server = await RedisServer.StartAsync();
        await server.SendAsync(["ACL", "SETUSER", "default", "reset", "on", ">secret", .. Permissions, without]);
        await using var member = new Member($"{server.Address},password=secret", Cluster);
        var error = await Assert.ThrowsAsync<MembershipUnavailableException>(() => member.BecomeAsync(SiloStatus.Active));
        Assert.Equal(RedisProblem.Forbidden, ProblemOf(error));
        Assert.Contains(named, error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("docs/redis.md", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scripts_that_the_server_has_forgotten_are_sent_again()
    {
        await using var server = await RedisServer.StartAsync();
        await using var member = new Member(server.Address, Cluster);
        await member.BecomeAsync(SiloStatus.Active);
        await member.Directory.Register(member.Here("1"));
        await server.SendAsync("SCRIPT", "FLUSH");
        Assert.Equal(2, (await member.BecomeAsync(SiloStatus.ShuttingDown)).Version);
        Assert.NotNull(await member.Directory.Register(member.Here("2")));
    }

    [Fact]
    public async Task A_server_that_falls_silent_ends_every_request_and_is_found_again()
    {
        await using var server = await RedisServer.StartAsync();
        await using var member = new Member(server.Address, Cluster);
        await member.BecomeAsync(SiloStatus.Active);
        await member.Directory.Register(member.Here("1"));
        server.Pause();
        var waiting = Enumerable.Range(0, 1000).Select(i => member.Directory.Register(member.Here($"{i}"))).ToArray();
        var renewal = member.Table.RenewAsync(member.Address, 1, default);
        await Assert.ThrowsAsync<MembershipUnavailableException>(() => renewal);
        foreach (var task in waiting) await Assert.ThrowsAsync<Granary.Engine.Directory.DirectoryUnavailableException>(() => task);
        server.Resume();
        await Eventually.True(() => Succeeds(() => member.Table.RenewAsync(member.Address, 1, default)), "the lease is renewed again");
        await Eventually.True(() => Succeeds(() => member.Directory.Register(member.Here("late"))), "grains are registered again");
    }

    [Fact]
    public async Task A_restarted_server_is_found_again_and_views_are_heard()
    {
        await using var server = await RedisServer.StartAsync("--appendonly", "yes", "--appendfsync", "always");
        await using var a = new Member(server.Address, Cluster);
        await using var b = new Member(server.Address, Cluster);
        await a.BecomeAsync(SiloStatus.Active);
        await b.BecomeAsync(SiloStatus.Active);
        await a.Directory.Register(a.Here("kept"));
        await server.StopAsync();
        await Assert.ThrowsAsync<MembershipUnavailableException>(() => a.Table.RenewAsync(a.Address, 1, default));
        await server.RunAsync();
        await Eventually.True(() => Succeeds(() => a.BecomeAsync(SiloStatus.ShuttingDown)), "the server is found again");
        // A message may be missed while the connection is made, and a look at the table too; the renewals that a silo sends all the time make up for it.
        await Eventually.True(async () => await Succeeds(() => b.Table.RenewAsync(b.Address, 1, default)) && b.Table.View.Silos.Any(s => s.Status == SiloStatus.ShuttingDown), "the other finds the server again and sees it");
        await Eventually.True(() => Succeeds(() => b.Directory.Lookup(a.Here("kept").GrainId)), "the directory answers");
        Assert.Equal(a.Address, (await b.Directory.Lookup(a.Here("kept").GrainId))!.SiloAddress);
    }

    [Fact]
    public async Task A_caller_that_gives_up_does_not_wait()
    {
        await using var server = await RedisServer.StartAsync();
        await using var member = new Member(server.Address, Cluster);
        await member.BecomeAsync(SiloStatus.Active);
        server.Pause();
        using var impatience = new CancellationTokenSource();
        var renewal = member.Table.RenewAsync(member.Address, 1, impatience.Token);
        var registration = member.Directory.Register(member.Here("1"), impatience.Token);
        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => renewal);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => registration);
    }

    private static RedisProblem ProblemOf(Exception error) => Assert.IsType<RedisRequestException>(error.InnerException).Problem;

    private static async Task<bool> Succeeds(Func<Task> action)
    {
        try
        {
            await action();
            return true;
        }
        catch (Exception error) when (error is MembershipUnavailableException or Granary.Engine.Directory.DirectoryUnavailableException)
        {
            return false;
        }
    }

    /// <summary>Speaks enough of the protocol for a client to connect and ask for the version.</summary>
    private sealed class OldServer : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly string _info;

        internal OldServer(string version)
        {
            _info = $"# Server\r\nredis_version:{version}\r\nrole:master\r\n";
            _listener.Start();
            _ = AcceptAsync();
        }

        internal int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public void Dispose() => _listener.Stop();

        private async Task AcceptAsync()
        {
            try
            {
                while (true) _ = ServeAsync(await _listener.AcceptTcpClientAsync());
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // Stopped.
            }
        }

        private async Task ServeAsync(TcpClient client)
        {
            try
            {
                using var owned = client;
                using var reader = new StreamReader(client.GetStream());
                await using var writer = new StreamWriter(client.GetStream()) { AutoFlush = true };
                while (await reader.ReadLineAsync() is ['*', .. var count])
                {
                    var parts = new List<string>();
                    for (var i = int.Parse(count, System.Globalization.CultureInfo.InvariantCulture); i > 0; i--)
                    {
                        var length = int.Parse((await reader.ReadLineAsync())![1..], System.Globalization.CultureInfo.InvariantCulture);
                        var part = new char[length];
                        await reader.ReadBlockAsync(part);
                        await reader.ReadLineAsync();
                        parts.Add(new string(part));
                    }

                    await writer.WriteAsync(parts[0].ToUpperInvariant() switch
                    {
                        "INFO" => $"${_info.Length}\r\n{_info}\r\n",
                        "PING" => "+PONG\r\n",
                        "CONFIG" => "*0\r\n",
                        "ECHO" => $"${parts[1].Length}\r\n{parts[1]}\r\n",
                        "CLIENT" or "SELECT" => "+OK\r\n",
                        var other => $"-ERR unknown command '{other}'\r\n",
                    });
                }
            }
            catch (Exception error) when (error is IOException or ObjectDisposedException)
            {
                // The client has gone.
            }
        }
    }
}
