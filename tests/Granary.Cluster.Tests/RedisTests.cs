namespace Granary.Cluster.Tests;

/// <summary>What becomes of the silos when their Redis goes and comes.</summary>
public sealed class RedisTests
{
    // No new grains in this load: those wait for Redis, and are looked at by themselves.
    private static readonly LoadOptions s_activeOnly = Clusters.Light with { Payers = 0, Pioneers = 0 };

    [Fact]
    public async Task While_Redis_is_restarted_with_its_data_no_call_to_an_active_grain_fails()
    {
        await using var cluster = await RealCluster.StartAsync(new RealClusterOptions { Silos = 2 });
        await cluster.RunAsync(async () =>
        {
            var load = await cluster.LoadAsync(s_activeOnly);
            await cluster.Redis.KillAsync();
            await cluster.Redis.StartAsync();
            await load.ServedAsync(Clusters.Soon);
            await NewGrainsWorkAsync(cluster, "after");
            await cluster.CheckAsync(load);
            load.MustHaveLostNoCall();
        });
    }

    [Fact]
    public async Task When_Redis_comes_back_empty_the_silos_and_their_activations_register_again()
    {
        await using var cluster = await RealCluster.StartAsync(new RealClusterOptions { Silos = 3 });
        await cluster.RunAsync(async () =>
        {
            var load = await cluster.LoadAsync(s_activeOnly);
            var before = load.Counters.ToDictionary(c => c, load.SiloOf, StringComparer.Ordinal);
            await cluster.Redis.KillAsync();
            cluster.Redis.Forget();
            await cluster.Redis.StartAsync();
            await NewGrainsWorkAsync(cluster, "after");
            await cluster.Client.KnowsAsync(3);
            await load.ServedAsync(Clusters.Soon);
            // A client that knows nothing asks the directory: it finds the activations of before, not new ones.
            var stranger = await cluster.ConnectAsync();
            foreach (var (counter, silo) in before) Assert.Equal(silo, (await stranger.Grains.GetGrain<ICounterGrain>(counter).Increment("stranger", 1)).Place.Silo);

            await load.StopAsync();
            await cluster.AuditAsync();
            load.MustHaveLostNoCall();
        });
    }

    [Fact]
    public async Task While_Redis_is_away_longer_than_the_leases_active_grains_go_on_and_new_ones_wait()
    {
        await using var cluster = await RealCluster.StartAsync(new RealClusterOptions { Silos = 2, Settings = Clusters.ShortLeases, ResponseTimeout = TimeSpan.FromSeconds(25) });
        await cluster.RunAsync(async () =>
        {
            var load = await cluster.LoadAsync(s_activeOnly);
            await cluster.Redis.KillAsync();
            var waiting = cluster.Client.Grains.GetGrain<IPlaceGrain>("new").Where();
            await Task.Delay((Clusters.ShortLease + Clusters.ShortMargin) * 2, TimeProvider.System);
            await load.ServedAsync(Clusters.Soon);
            Assert.All(cluster.Silos, s => Assert.False(s.HasExited, $"{s} has ended"));
            Assert.False(waiting.IsCompleted);

            await cluster.Redis.StartAsync();
            await waiting;
            await load.ServedAsync(Clusters.Soon);
            await cluster.CheckAsync(load);
            load.MustHaveLostNoCall();
            Assert.All(cluster.Silos, s => Assert.False(s.HasExited, $"{s} has ended"));
        });
    }

    private static Task NewGrainsWorkAsync(RealCluster cluster, string name) =>
        Task.WhenAll(Enumerable.Range(0, 20).Select(i => cluster.Client.Grains.GetGrain<IPlaceGrain>($"{name}-{i}").Where()));
}
