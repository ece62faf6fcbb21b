namespace Granary.Cluster.Tests;

/// <summary>SIGTERM: a silo that is told to go finishes what it has begun and hands over the rest.</summary>
public sealed class GracefulStopTests
{
    [Fact]
    public async Task A_graceful_stop_loses_no_call()
    {
        await using var cluster = await RealCluster.StartAsync(new RealClusterOptions { Silos = 2, ResponseTimeout = TimeSpan.FromSeconds(20) });
        await cluster.RunAsync(async () =>
        {
            var load = await cluster.LoadAsync();
            Assert.Equal(0, await cluster.Busiest(load).TerminateAsync());
            await load.ServedAsync(Clusters.Soon);
            await cluster.CheckAsync(load);
            load.MustHaveLostNoCall();
        });
    }

    [Fact]
    public async Task A_call_that_runs_when_its_silo_is_told_to_stop_is_answered()
    {
        await using var cluster = await RealCluster.StartAsync(new RealClusterOptions { Silos = 2 });
        await cluster.RunAsync(async () =>
        {
            var grain = cluster.Client.Grains.GetGrain<IPlaceGrain>("lingers");
            var home = cluster.SiloAt((await grain.Where()).Silo);
            var call = grain.Linger(1500);
            await EnteredAsync(cluster, turns: 2);
            Assert.Equal(0, await home.TerminateAsync());
            Assert.Equal(home.Address, (await call).Silo);
            Assert.NotEqual(home.Address, (await grain.Where()).Silo);
            await cluster.AuditAsync();
        });
    }

    [Fact]
    public async Task A_rolling_restart_of_three_silos_under_load_loses_no_call()
    {
        await using var cluster = await RealCluster.StartAsync(new RealClusterOptions { Silos = 3, ResponseTimeout = TimeSpan.FromSeconds(20) });
        await cluster.RunAsync(async () =>
        {
            var load = await cluster.LoadAsync();
            foreach (var silo in cluster.Silos.ToArray())
            {
                Assert.Equal(0, await silo.TerminateAsync());
                await cluster.RestartAsync(silo);
                await load.ServedAsync(Clusters.Soon);
            }

            await cluster.CheckAsync(load);
            load.MustHaveLostNoCall();
        });
    }

    private static Task EnteredAsync(RealCluster cluster, int turns) => Until.TrueAsync(
        async () =>
        {
            await cluster.Audit.ReadAsync();
            return cluster.Audit.Turns >= turns;
        },
        Clusters.Soon,
        $"the witness has seen {turns} turns");
}
