namespace Granary.Cluster.Tests;

/// <summary>kill -9: nobody says good-bye.</summary>
public sealed class KillTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Grains_of_a_killed_silo_are_served_by_the_others_and_no_acknowledged_write_is_lost(int silos)
    {
        await using var cluster = await RealCluster.StartAsync(new RealClusterOptions { Silos = silos });
        await cluster.RunAsync(async () =>
        {
            var load = await cluster.LoadAsync();
            await cluster.Busiest(load).KillAsync();
            await load.ServedAsync(Clusters.Soon);
            await cluster.Client.KnowsAsync(silos - 1);
            await cluster.CheckAsync(load);
        });
    }

    [Fact]
    public async Task A_silo_started_again_at_the_same_address_is_a_new_generation_and_takes_part()
    {
        await using var cluster = await RealCluster.StartAsync(new RealClusterOptions { Silos = 2 });
        await cluster.RunAsync(async () =>
        {
            var load = await cluster.LoadAsync();
            var first = cluster.Busiest(load);
            await first.KillAsync();
            var second = await cluster.RestartAsync(first);

            Assert.Equal(first.Endpoint, second.Endpoint);
            Assert.NotEqual(first.Address, second.Address);
            await cluster.Client.KnowsAsync(2);
            await load.ServedAsync(Clusters.Soon);
            var hosts = (await cluster.Client.SilosAsync()).Select(s => s.ToParsableString());
            Assert.Contains(second.Address, hosts);
            Assert.DoesNotContain(first.Address, hosts);
            await PlacementsReachAsync(cluster, second);
            await cluster.CheckAsync(load);
        });
    }

    [Fact]
    public async Task All_silos_killed_at_once_and_started_again_find_all_state()
    {
        await using var cluster = await RealCluster.StartAsync(new RealClusterOptions { Silos = 2 });
        await cluster.RunAsync(async () =>
        {
            var load = await cluster.LoadAsync();
            var silos = cluster.Silos.ToArray();
            await Task.WhenAll(silos.Select(s => s.KillAsync()));
            await Task.WhenAll(silos.Select(cluster.RestartAsync));
            await load.ServedAsync(Clusters.Soon);
            await cluster.CheckAsync(load);
        });
    }

    private static async Task PlacementsReachAsync(RealCluster cluster, SiloProcess silo)
    {
        var next = 0;
        await Until.TrueAsync(async () => (await cluster.Client.Grains.GetGrain<IPlaceGrain>($"placed-{next++}").Where()).Silo == silo.Address, Clusters.Soon, $"a new grain is placed in {silo}");
    }
}
