using System.Net;
using Granary.Hosting;
using Granary.Redis.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.GrainDirectory;
using Orleans.Hosting;

namespace Granary.Redis.Tests;

/// <summary>Whole silos and clients that share nothing but Redis.</summary>
[Collection(SharedRedis.Name)]
public sealed class HostTests(RedisFixture redis)
{
    private readonly string _cluster = $"host{Guid.NewGuid():N}";

    [Fact]
    public async Task Silos_and_a_client_find_each_other_and_share_the_grains()
    {
        using var one = await StartSiloAsync();
        using var two = await StartSiloAsync();
        using var client = await StartClientAsync();
        var grains = client.Services.GetRequiredService<IGrainFactory>();
        await Eventually.True(async () => (await grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true)).Count == 2, "both silos are active");
        var homes = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => grains.GetGrain<IAccount>($"{i}").Where()));
        Assert.Equal(2, homes.Distinct().Count());
        for (var i = 0; i < 60; i++)
        {
            var seen = one.Services.GetRequiredService<IGrainFactory>().GetGrain<IAccount>($"{i}");
            Assert.Equal(homes[i], await seen.Where());
        }

        await client.StopAsync();
        await two.StopAsync();
        await one.StopAsync();
    }

    [Fact]
    public async Task A_state_outlives_its_silo()
    {
        using (var first = await StartSiloAsync())
        {
            Assert.Equal(5, await first.Services.GetRequiredService<IGrainFactory>().GetGrain<IAccount>("ann").Add(5));
            await first.StopAsync();
        }

        using var second = await StartSiloAsync();
        var account = second.Services.GetRequiredService<IGrainFactory>().GetGrain<IAccount>("ann");
        Assert.Equal(7, await account.Add(2));
        await account.Remind();
        await Eventually.True(async () => await account.Reminded() > 0, "the reminder has come");
        await second.StopAsync();
    }

    [Fact]
    public async Task A_silo_that_stops_leaves_no_entries_behind()
    {
        using var silo = await StartSiloAsync();
        await silo.Services.GetRequiredService<IGrainFactory>().GetGrain<IAccount>("bob").Where();
        Assert.StartsWith("$", await redis.Server.SendAsync("GET", $"granary:{{{_cluster}}}:dir:account/bob"), StringComparison.Ordinal);
        await silo.StopAsync();
        Assert.StartsWith("$-1", await redis.Server.SendAsync("GET", $"granary:{{{_cluster}}}:dir:account/bob"), StringComparison.Ordinal);
        Assert.StartsWith(":0", await redis.Server.SendAsync("EXISTS", $"granary:{{{_cluster}}}:beats"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no", true)]
    [InlineData("no", false)]
    [InlineData("yes", false)]
    public async Task Silos_live_through_a_restart_of_Redis(string appendOnly, bool isEmpty)
    {
        await using var server = await RedisServer.StartAsync("--appendonly", appendOnly, "--dbfilename", "kept.rdb");
        using var one = await StartSiloAsync(server.Address);
        using var two = await StartSiloAsync(server.Address);
        var grains = one.Services.GetRequiredService<IGrainFactory>();
        await Eventually.True(async () => (await grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true)).Count == 2, "both silos are active");
        if (!isEmpty) await server.SendAsync("SAVE");
        // Not in the snapshot.
        var before = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => grains.GetGrain<IVisitor>($"{i}").Visit()));
        await server.StopAsync();
        await server.RunAsync();
        await Eventually.True(() => SucceedsAsync(() => grains.GetGrain<IVisitor>("new").Visit()), "new grains are activated");
        foreach (var silo in new[] { two, one })
        {
            var seen = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => silo.Services.GetRequiredService<IGrainFactory>().GetGrain<IVisitor>($"{i}").Visit()));
            // The same activations as before, and no others.
            Assert.Equal(before, seen);
        }

        await two.StopAsync();
        await one.StopAsync();
    }

    [Fact]
    public async Task A_silo_logs_in_as_the_user_of_its_connection_string()
    {
        await using var server = await RedisServer.StartAsync(["--user", "granary", "reset", "on", ">hush", .. ConnectionTests.Permissions]);
        using var silo = await StartSiloAsync($"{server.Address},user=granary,password=hush");
        Assert.Equal(5, await silo.Services.GetRequiredService<IGrainFactory>().GetGrain<IAccount>("ann").Add(5));
        Assert.Contains("user=granary", await server.SendAsync("CLIENT", "LIST"), StringComparison.Ordinal);
        await silo.StopAsync();
    }

    [Fact]
    public async Task The_largest_state_is_a_setting_and_code_comes_after_it()
    {
        var builder = SiloBuilder(redis.Server.Address, "Granary:Engine:Redis:MaxStateBytes=1000");
        using var told = builder.Build();
        Assert.Equal(1000, told.Services.GetRequiredService<IOptions<RedisEngineOptions>>().Value.MaxStateBytes);
        builder = SiloBuilder(redis.Server.Address, "Granary:Engine:Redis:MaxStateBytes=1000");
        builder.Services.Configure<RedisEngineOptions>(options => options.MaxStateBytes = 2000);
        builder.UseOrleans(silo => silo.AddRedisGrainStorage("other"));
        using var chosen = builder.Build();
        Assert.Equal(2000, chosen.Services.GetRequiredService<IOptions<RedisEngineOptions>>().Value.MaxStateBytes);
        using var wrong = SiloBuilder(redis.Server.Address, "Granary:Engine:Redis:MaxStateBytes=0").Build();
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => wrong.StartAsync());
        Assert.Contains("Granary:Engine:Redis:MaxStateBytes is 0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_directory_is_in_Redis_unless_another_was_chosen()
    {
        using var plain = SiloBuilder(redis.Server.Address).Build();
        Assert.Equal("RedisGrainDirectory", plain.Services.GetRequiredService<IGrainDirectory>().GetType().Name);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        var own = new Granary.Engine.Directory.InMemoryGrainDirectory();
        builder.Services.AddSingleton<IGrainDirectory>(own);
        builder.UseOrleans(silo => silo.UseRedisClustering(redis.Server.Address));
        using var chosen = builder.Build();
        Assert.Same(own, chosen.Services.GetRequiredService<IGrainDirectory>());
        builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleans(silo => silo
            .UseRedisClustering(redis.Server.Address)
            .UseRedisGrainDirectoryAsDefault((RedisGrainDirectoryOptions options) => options.ConfigurationOptions = RedisConfiguration.Parse(redis.Server.Address)));
        using var named = builder.Build();
        Assert.NotSame(plain.Services.GetRequiredService<IGrainDirectory>(), named.Services.GetRequiredService<IGrainDirectory>());
    }

    [Fact]
    public void A_storage_without_a_server_says_what_to_write()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleans(silo => silo.AddRedisGrainStorage("orders"));
        using var host = builder.Build();
        var error = Assert.Throws<OrleansConfigurationException>(() => host.Services.GetRequiredKeyedService<Orleans.Storage.IGrainStorage>("orders"));
        Assert.Contains("'orders'", error.Message, StringComparison.Ordinal);
        Assert.Contains("RedisConfiguration.Parse", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("host:1,user=me,pasword=hush")]
    [InlineData("user=me,password=hush")]
    [InlineData("host:1,nonsense=2,password=hush")]
    [InlineData("password=hush")]
    public void A_connection_string_that_cannot_be_used_is_refused_without_repeating_it(string text)
    {
        var error = Assert.Throws<ArgumentException>(() => RedisConfiguration.Parse(text));
        Assert.DoesNotContain("hush", error.ToString(), StringComparison.Ordinal);
    }

    private static async Task<bool> SucceedsAsync(Func<Task> call)
    {
        try
        {
            await call();
            return true;
        }
        catch (Exception error) when (error is OrleansException or TimeoutException)
        {
            return false;
        }
    }

    private async Task<IHost> StartSiloAsync(string? server = null)
    {
        var host = SiloBuilder(server ?? redis.Server.Address).Build();
        await host.StartAsync();
        return host;
    }

    private HostApplicationBuilder SiloBuilder(string connectionString, params string[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(settings.Select(s => s.Split('=')).Select(s => KeyValuePair.Create(s[0], (string?)s[1])));
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo => silo
            .Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (_cluster, _cluster))
            .Configure<ReminderOptions>(options => options.MinimumReminderPeriod = TimeSpan.FromMilliseconds(100))
            .ConfigureEndpoints(IPAddress.Loopback, siloPort: 0, gatewayPort: 0)
            .UseRedisClustering(connectionString)
            .AddRedisGrainStorageAsDefault()
            .UseRedisReminderService(_ => { }));
        return builder;
    }

    private async Task<IHost> StartClientAsync()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        builder.UseOrleansClient(client => client
            .Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (_cluster, _cluster))
            .UseRedisClustering(redis.Server.Address));
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }
}

public interface IAccount : IGrainWithStringKey
{
    Task<long> Add(long cents);

    Task<string> Where();

    Task Remind();

    Task<int> Reminded();
}

[GrainType("account")]
public sealed class Account([PersistentState("balance")] IPersistentState<Wallet> wallet, ILocalSiloDetails silo) : Grain, IAccount, IRemindable
{
    private int _reminded;

    public async Task<long> Add(long cents)
    {
        wallet.State.Cents += cents;
        await wallet.WriteStateAsync();
        return wallet.State.Cents;
    }

    public Task<string> Where() => Task.FromResult(silo.SiloAddress.ToParsableString());

    public Task Remind() => this.RegisterOrUpdateReminder("wake", TimeSpan.Zero, TimeSpan.FromSeconds(1));

    public Task<int> Reminded() => Task.FromResult(_reminded);

    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        _reminded++;
        return Task.CompletedTask;
    }
}

public interface IVisitor : IGrainWithStringKey
{
    /// <summary>Which activation it is.</summary>
    Task<Guid> Visit();
}

[GrainType("visitor")]
public sealed class Visitor : Grain, IVisitor
{
    private readonly Guid _activation = Guid.NewGuid();

    public Task<Guid> Visit() => Task.FromResult(_activation);
}
