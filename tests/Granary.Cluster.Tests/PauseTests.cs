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
            await silo.StopWhileItWaitsAsync();
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

    [Fact]
    public async Task Grains_that_block_every_thread_of_the_pool_do_not_cost_their_silo_its_lease()
    {
        const int Grains = 120;
        await using var cluster = await RealCluster.StartAsync(new RealClusterOptions { Silos = 2, Settings = Clusters.ShortLeases });
        await cluster.RunAsync(async () =>
        {
            var before = cluster.Silos.Select(s => s.Address).ToArray();
            // More seconds of blocking than a lease and its margin, for each thread that the pool has or makes meanwhile.
            await Task.WhenAll(Enumerable.Range(0, Grains).Select(i => BlockAsync(cluster.Client.Grains.GetGrain<IPlaceGrain>($"blocks{i}"))));
            await Until.TrueAsync(() => AnswersAsync(cluster.Client.Grains.GetGrain<IPlaceGrain>("afterwards")), Clusters.Soon, "the silos answer again");
            Assert.DoesNotContain(cluster.Silos, s => s.HasExited);
            Assert.Equal(before, cluster.Silos.Select(s => s.Address));
            await cluster.AuditAsync();
        });
    }

    /// <summary>That the call may take too long is not what is asked here.</summary>
    private static async Task BlockAsync(IPlaceGrain grain)
    {
        try
        {
            await grain.Block(1000);
        }
        catch (Exception error) when (error is TimeoutException or Orleans.Runtime.OrleansException)
        {
            // Its silo has no thread for it.
        }
    }

    private static async Task<bool> AnswersAsync(IPlaceGrain grain)
    {
        try
        {
            return await grain.Where() is not null;
        }
        catch (Exception error) when (error is TimeoutException or Orleans.Runtime.OrleansException)
        {
            return false;
        }
    }
}
