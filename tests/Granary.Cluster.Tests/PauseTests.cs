using System.Diagnostics;

namespace Granary.Cluster.Tests;

/// <summary>SIGSTOP: a silo that stands still does not know it.</summary>
public sealed class PauseTests
{
    [Fact]
    public async Task A_silo_that_stood_still_for_longer_than_its_lease_runs_no_turn_when_it_wakes_and_ends()
    {
        await using var cluster = await RealCluster.StartAsync(new RealClusterOptions { Silos = 2, Settings = Clusters.ShortLeases });
        await cluster.RunAsync(async () =>
        {
            var load = await cluster.LoadAsync();
            var silo = cluster.Busiest(load);
            silo.Stop();
            // Its grains are served elsewhere only once it has been declared dead.
            await load.ServedAsync(Clusters.Soon);
            var woken = Stopwatch.GetTimestamp();
            silo.Continue();
            Assert.NotEqual(0, await silo.ExitAsync());

            await cluster.CheckAsync(load);
            Assert.Equal(0, cluster.Audit.TurnsAfter(silo.ProcessId, woken));
        });
    }

    [Fact]
    public async Task A_silo_that_stood_still_for_less_than_its_lease_goes_on()
    {
        await using var cluster = await RealCluster.StartAsync(new RealClusterOptions { Silos = 2 });
        await cluster.RunAsync(async () =>
        {
            var load = await cluster.LoadAsync();
            var silo = cluster.Busiest(load);
            var its = load.Counters.Where(c => load.SiloOf(c) == silo.Address).ToArray();
            silo.Stop();
            await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System);
            silo.Continue();
            await load.ServedAsync(Clusters.Soon);

            Assert.False(silo.HasExited);
            Assert.All(its, c => Assert.Equal(silo.Address, load.SiloOf(c)));
            await cluster.CheckAsync(load);
        });
    }
}
