using Orleans.TestingHost;

namespace Granary.Services.Tests;

public sealed class ClusterTests
{
    [Fact]
    public async Task Grains_of_a_cluster_are_spread_over_its_silos_and_each_is_in_one()
    {
        await using var cluster = new TestClusterBuilder(3).Build();
        await cluster.DeployAsync();
        var where = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 60; i++)
        {
            var grain = cluster.GrainFactory.GetGrain<ICounterGrain>($"g{i}");
            Assert.Equal(1, await grain.Add(1));
            where.Add(await grain.WhereAmI());
        }

        Assert.Equal(3, where.Count);
        for (var i = 0; i < 60; i++) Assert.Equal(2, await cluster.GrainFactory.GetGrain<ICounterGrain>($"g{i}").Add(1));
    }

    [Fact]
    public async Task A_grain_of_a_killed_silo_is_activated_elsewhere()
    {
        await using var cluster = new TestClusterBuilder(2).Build();
        await cluster.DeployAsync();
        var victim = cluster.SecondarySilos[0];
        var lost = 0;
        for (var i = 0; i < 20; i++)
        {
            if (await cluster.GrainFactory.GetGrain<ICounterGrain>($"g{i}").WhereAmI() == victim.SiloAddress.ToString()) lost++;
        }

        Assert.NotEqual(0, lost);
        await cluster.KillSiloAsync(victim);
        await cluster.WaitForLivenessToStabilizeAsync(didKill: true);
        for (var i = 0; i < 20; i++) Assert.Equal(cluster.Primary!.SiloAddress.ToString(), await cluster.GrainFactory.GetGrain<ICounterGrain>($"g{i}").WhereAmI());
    }
}
