namespace Granary.Cluster.Tests;

/// <summary>Links that lose everything and tell nobody.</summary>
public sealed class CutTests
{
    [Fact]
    public async Task A_silo_that_does_not_reach_Redis_ends_and_the_others_take_over()
    {
        await using var cluster = await RealCluster.StartAsync(new RealClusterOptions { Silos = 3, Settings = Clusters.ShortLeases, Network = Clusters.WithCutsAsync });
        await cluster.RunAsync(async () =>
        {
            var load = await cluster.LoadAsync();
            var silo = cluster.Busiest(load);
            await cluster.Network.CutAsync(silo.Node, cluster.RedisNode);
            Assert.NotEqual(0, await silo.ExitAsync());
            await load.ServedAsync(Clusters.Soon);
            await cluster.Client.KnowsAsync(2);
            await cluster.CheckAsync(load);
        });
    }

    [Fact]
    public async Task Two_silos_that_do_not_reach_each_other_both_stay_and_no_grain_lives_in_both()
    {
        await using var cluster = await RealCluster.StartAsync(new RealClusterOptions { Silos = 3, Settings = Clusters.ShortLeases, Network = Clusters.WithCutsAsync });
        await cluster.RunAsync(async () =>
        {
            var load = await cluster.LoadAsync();
            var (one, other) = (cluster.Silos[0], cluster.Silos[1]);
            await cluster.Network.CutAsync(one.Node, other.Node);
            await Task.Delay(Clusters.ShortLease + Clusters.ShortMargin, TimeProvider.System);
            await cluster.Network.HealAsync(one.Node, other.Node);
            await load.ServedAsync(Clusters.Soon);
            Assert.All(cluster.Silos, s => Assert.False(s.HasExited, $"{s} has ended"));
            await cluster.CheckAsync(load);
        });
    }
}
