using System.Text;
using Granary.Engine.Membership;
using Granary.Hosting;
using Granary.Redis.Tests.Support;

namespace Granary.Redis.Tests;

/// <summary>The connection of the renewals, with a thread of its own.</summary>
public sealed class BlockingLineTests
{
    private static readonly RedisScript s_echo = new("return {KEYS[1], ARGV[1], #ARGV, {1, false, 'two'}}");
    private static readonly RedisScript s_fails = new("return redis.error_reply('OOM command not allowed')");
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_script_is_answered_on_the_lines_own_thread_also_after_the_server_forgot_it()
    {
        await using var server = await RedisServer.StartAsync();
        using var line = Line(server.Address);
        for (var i = 0; i < 3; i++)
        {
            var (answer, thread) = await AskAsync(line);
            Assert.Equal("test", thread);
            var items = Assert.IsType<object?[]>(answer);
            Assert.Equal(["granary:key", "a value", "2", "1", "", "two"], items.SelectMany(Flat));
            await server.SendAsync("SCRIPT", "FLUSH");
        }
    }

    [Fact]
    public async Task A_large_answer_comes_whole_and_one_without_bounds_is_refused()
    {
        await using var server = await RedisServer.StartAsync();
        using var line = Line(server.Address);
        var large = await line.RunAsync(new RedisScript("return string.rep('x', 1000000)"), [], [], s_patience, default);
        Assert.Equal(1_000_000, Assert.IsType<byte[]>(large).Length);
        var error = await Assert.ThrowsAsync<RedisRequestException>(() => line.RunAsync(new RedisScript("return string.rep('x', 17000000)"), [], [], s_patience, default));
        Assert.Contains(server.Address, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_falls_silent_is_a_timeout_and_one_that_refuses_is_not()
    {
        await using var server = await RedisServer.StartAsync();
        using var line = Line(server.Address);
        await AskAsync(line);
        server.Pause();
        var silent = await Assert.ThrowsAsync<RedisRequestException>(() => line.RunAsync(s_echo, [], [], TimeSpan.FromMilliseconds(300), default));
        Assert.Equal(RedisProblem.TimedOut, silent.Problem);
        server.Resume();
        Assert.Equal(RedisProblem.OutOfMemory, (await Assert.ThrowsAsync<RedisRequestException>(() => line.RunAsync(s_fails, [], [], s_patience, default))).Problem);
        await server.StopAsync();
        Assert.Equal(RedisProblem.Unreachable, (await Assert.ThrowsAsync<RedisRequestException>(() => line.RunAsync(s_echo, [], [], s_patience, default))).Problem);
        Assert.False(line.IsReady);
        await server.RunAsync();
        await Eventually.True(() => line.IsReady, "it has rested");
        await AskAsync(line);
    }

    [Fact]
    public async Task It_logs_in_and_chooses_the_database()
    {
        await using var server = await RedisServer.StartAsync(["--user", "granary", "reset", "on", ">hush", .. ConnectionTests.Permissions]);
        using var line = Line($"{server.Address},user=granary,password=hush,defaultDatabase=3");
        await line.RunAsync(new RedisScript("return redis.call('SET', KEYS[1], 'here')"), ["granary:key"], [], s_patience, default);
        Assert.Contains("keys=1", await server.SendAsync("INFO", "keyspace"), StringComparison.Ordinal);
        Assert.Contains("db3:", await server.SendAsync("INFO", "keyspace"), StringComparison.Ordinal);
        using var wrong = Line($"{server.Address},user=granary,password=wrong");
        var error = await Assert.ThrowsAsync<RedisRequestException>(() => wrong.RunAsync(s_echo, [], [], s_patience, default));
        Assert.Equal(RedisProblem.NotAuthenticated, error.Problem);
    }

    [Fact]
    public async Task Where_the_line_does_not_work_the_client_renews()
    {
        using var certificate = ServerCertificate.Create();
        var port = RedisServer.FreePort();
        await using var server = await RedisServer.StartAsync(["--tls-port", $"{port}", .. certificate.Arguments]);
        // The application's own rule, which only the client knows.
        var configuration = RedisConfiguration.Parse($"127.0.0.1:{port},ssl=true,sslHost=localhost");
        configuration.CertificateValidation += (_, presented, _, _) => presented?.GetCertHashString() == certificate.Hash;
        await using var member = new Member(configuration, "lines");
        await member.BecomeAsync(SiloStatus.Active);
        Assert.Equal(LeaseState.Held, (await member.Table.RenewAsync(member.Address, 1, default)).Lease);
    }

    [Fact]
    public async Task A_line_that_is_closed_ends_what_waits()
    {
        await using var server = await RedisServer.StartAsync();
        var line = Line(server.Address);
        await AskAsync(line);
        server.Pause();
        var waiting = line.RunAsync(s_echo, [], [], s_patience, default);
        line.Dispose();
        await Assert.ThrowsAsync<RedisRequestException>(() => waiting.WaitAsync(s_patience));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => line.RunAsync(s_echo, [], [], s_patience, default));
    }

    private static BlockingLine Line(string connectionString) => new(RedisConfiguration.Copy(RedisConfiguration.Parse(connectionString)), "test", TimeProvider.System);

    private static async Task<(object? Answer, string? Thread)> AskAsync(BlockingLine line)
    {
        var answer = await line.RunAsync(s_echo, ["granary:key"], ["a value", 5], s_patience, default).ConfigureAwait(false);
        return (answer, Thread.CurrentThread.Name);
    }

    private static IEnumerable<string> Flat(object? item) => item switch
    {
        object?[] items => items.SelectMany(Flat),
        byte[] bytes => [Encoding.UTF8.GetString(bytes)],
        null => [""],
        _ => [$"{item}"],
    };
}
