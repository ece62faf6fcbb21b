namespace Granary.Cluster.Tests;

/// <summary>Processes that only call, when the silos they are connected to go.</summary>
public sealed class ClientTests
{
    [Fact]
    public async Task A_client_outlives_every_silo_that_it_knew_at_first()
    {
        await using var cluster = await RealCluster.StartAsync(new RealClusterOptions { Silos = 1 });
        await cluster.RunAsync(async () =>
        {
            var grain = cluster.Client.Grains.GetGrain<ICounterGrain>("survivor");
            Assert.Equal(1, (await grain.Increment("only", 1)).Value);
            for (var generation = 2; generation <= 3; generation++)
            {
                var old = cluster.Silos[^1];
                var next = await cluster.AddSiloAsync();
                await cluster.Client.KnowsAsync(2);
                await old.KillAsync();
                await Until.TrueAsync(async () => await IncrementAsync(grain, generation) is { } count && count.Value == generation && count.Place.Silo == next.Address, Clusters.Soon, $"the client is served by {next}");
            }

            await cluster.AuditAsync();
        });
    }

    [Fact]
    public async Task A_client_that_lost_all_silos_finds_those_that_come_later_through_Redis()
    {
        await using var cluster = await RealCluster.StartAsync(new RealClusterOptions { Silos = 1 });
        await cluster.RunAsync(async () =>
        {
            await cluster.Client.Grains.GetGrain<IPlaceGrain>("before").Where();
            await cluster.Silos[0].KillAsync();
            var next = await cluster.AddSiloAsync();
            await Until.TrueAsync(async () => await AnswersFromAsync(cluster.Client, next), Clusters.Soon, $"the client is served by {next}");
        });
    }

    /// <summary>Null when the silo that the grain was in could not be reached: nothing was in flight when it died, so nothing was counted either.</summary>
    private static async Task<Count?> IncrementAsync(ICounterGrain grain, int sequence)
    {
        try
        {
            return await grain.Increment("only", sequence);
        }
        catch (Orleans.Runtime.SiloUnavailableException)
        {
            return null;
        }
    }

    private static async Task<bool> AnswersFromAsync(TestClient client, SiloProcess silo)
    {
        try
        {
            return (await client.Grains.GetGrain<IPlaceGrain>("asked").Where()).Silo == silo.Address;
        }
        catch (Exception error) when (error is Orleans.Runtime.OrleansException or TimeoutException)
        {
            return false;
        }
    }
}
