namespace Granary.Cluster.Tests;

/// <summary>Where grains live when nobody says where.</summary>
public sealed class DistributionTests
{
    private const int Grains = 10_000;

    [Fact]
    public async Task Ten_thousand_grains_are_spread_over_three_processes()
    {
        await using var cluster = await RealCluster.StartAsync(new RealClusterOptions { Silos = 3, ResponseTimeout = TimeSpan.FromSeconds(30) });
        await cluster.RunAsync(async () =>
        {
            // Thrown at random, each silo gets 3,333 with a standard deviation of 47; 5 of these are no accident.
            await SpreadAsync(cluster, async i => await cluster.Client.Grains.GetGrain<IScatteredGrain>($"scattered-{i}").Where(), 3333 - 235, 3333 + 235);
            // By default silos that have less to do get more: how much more is theirs to say, but everyone gets a share.
            await SpreadAsync(cluster, async i => await cluster.Client.Grains.GetGrain<IPlaceGrain>($"placed-{i}").Where(), Grains / 6, Grains / 2);
            await cluster.AuditAsync();
            Assert.Equal(2 * Grains, cluster.Audit.Activations);
        });
    }

    private static async Task SpreadAsync(RealCluster cluster, Func<int, Task<Place>> ask, int least, int most)
    {
        var places = new string[Grains];
        await Parallel.ForEachAsync(Enumerable.Range(0, Grains), new ParallelOptions { MaxDegreeOfParallelism = 128 }, async (i, _) => places[i] = (await ask(i)).Silo);
        var counts = places.CountBy(p => p, StringComparer.Ordinal).ToDictionary();
        Assert.Equal(cluster.Silos.Select(s => s.Address).Order(StringComparer.Ordinal), counts.Keys.Order(StringComparer.Ordinal));
        Assert.All(counts, c => Assert.InRange(c.Value, least, most));
    }
}
