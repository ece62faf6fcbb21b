using System.Net;
using Granary.Engine.Membership;
using Granary.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Granary.Membership.Tests;

/// <summary>Whole silos over sockets; only the clock of the leases is the test's.</summary>
public sealed class HealingTests
{
    private static readonly TimeSpan s_lease = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task The_grains_of_a_killed_silo_are_served_by_others_after_the_proof(int silos)
    {
        await using var cluster = await LeasedCluster.StartAsync(silos);
        var victim = cluster.Silos[^1];
        var key = await KeyInAsync(cluster, victim);
        await cluster.KillAsync(victim);
        var took = await cluster.PassUntilAsync(() => cluster.Silos.All(s => s.Core().View.Find(victim.SiloAddress)?.Status == SiloStatus.Dead), TimeSpan.FromSeconds(4));
        Assert.True(took <= TimeSpan.FromSeconds(2), $"It took {took}.");
        Assert.NotEqual(victim.SiloAddress.ToString(), await cluster.Grains.GetGrain<IPlacedGrain>(key).Where());
    }

    [Fact]
    public async Task A_silo_cut_off_from_the_table_runs_nothing_when_its_lease_is_over_and_others_take_over()
    {
        await using var cluster = await LeasedCluster.StartAsync(3);
        var victim = cluster.Silos[^1];
        var key = await KeyInAsync(cluster, victim);
        Assert.Equal(1, await victim.Grain(key).Count());
        victim.Table().IsAway = true;
        await cluster.PassAsync(s_lease - TimeSpan.FromSeconds(1));
        Assert.Equal(2, await victim.Grain(key).Count());
        await cluster.PassAsync(TimeSpan.FromSeconds(2));
        Assert.True(victim.Core().Fence.IsClosed);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => victim.Grain(key).Count());
        await cluster.PassUntilAsync(() => cluster.View.Find(victim.SiloAddress)?.Status == SiloStatus.Dead, TimeSpan.FromSeconds(4));
        Assert.Equal(1, await cluster.Grains.GetGrain<IPlacedGrain>(key).Count());
    }

    [Fact]
    public async Task When_the_table_is_away_for_all_the_silos_ask_each_other_and_serve_on()
    {
        await using var cluster = await LeasedCluster.StartAsync(3);
        var key = await KeyInAsync(cluster, cluster.Silos[0]);
        foreach (var silo in cluster.Silos) silo.Table().IsAway = true;
        await cluster.PassAsync(s_lease * 3);
        Assert.All(cluster.Silos, s => Assert.False(s.Core().Fence.IsClosed));
        Assert.All(cluster.Silos, s => Assert.False(s.Liveness().IsLeaseHeld));
        Assert.Equal(1, await cluster.Grains.GetGrain<IPlacedGrain>(key).Count());
        foreach (var silo in cluster.Silos) silo.Table().IsAway = false;
        await cluster.PassAsync(s_lease * 2);
        Assert.Equal(3, cluster.View.Active.Length);
        Assert.All(cluster.Silos, s => Assert.True(s.Liveness().IsLeaseHeld));
        Assert.Equal(2, await cluster.Grains.GetGrain<IPlacedGrain>(key).Count());
    }

    [Fact]
    public async Task A_majority_that_has_lost_the_table_hears_from_the_one_that_has_not_and_ends()
    {
        await using var cluster = await LeasedCluster.StartAsync(3);
        var cut = cluster.Silos.Skip(1).ToArray();
        foreach (var silo in cut) silo.Table().IsAway = true;
        await cluster.PassUntilAsync(() => cut.All(s => s.Core().Fence.IsClosed), s_lease + TimeSpan.FromSeconds(2));
        await cluster.PassUntilAsync(() => cut.All(s => cluster.Silos[0].Core().View.Find(s.SiloAddress)?.Status == SiloStatus.Dead), TimeSpan.FromSeconds(6));
        Assert.False(cluster.Silos[0].Core().Fence.IsClosed);
    }

    [Fact]
    public async Task A_silo_that_starts_at_the_address_of_a_killed_one_buries_it()
    {
        await using var cluster = await LeasedCluster.StartAsync(2);
        var victim = cluster.Silos[^1];
        await cluster.KillAsync(victim);
        cluster.Configure = silo => silo.ConfigureEndpoints(IPAddress.Loopback, victim.SiloAddress.Endpoint.Port, gatewayPort: 0);
        var successor = await cluster.Cluster.StartAdditionalSiloAsync();
        Assert.Equal(victim.SiloAddress.Endpoint, successor.SiloAddress.Endpoint);
        Assert.True(successor.SiloAddress.Generation > victim.SiloAddress.Generation);
        // No time has passed for any lease.
        Assert.Equal(SiloStatus.Dead, successor.Core().View.Find(victim.SiloAddress)?.Status);
    }

    [Fact]
    public async Task A_silo_stops_though_the_table_is_away()
    {
        await using var cluster = await LeasedCluster.StartAsync(2);
        var leaving = cluster.Silos[^1];
        leaving.Table().IsAway = true;
        await cluster.Cluster.StopSiloAsync(leaving).Within();
        Assert.True(leaving.Core().Fence.IsClosed);
    }

    [Fact]
    public async Task A_fenced_silo_stops_without_waiting_for_its_grains()
    {
        await using var cluster = await LeasedCluster.StartAsync(2);
        var fenced = cluster.Silos[^1];
        _ = await KeyInAsync(cluster, fenced);
        fenced.Liveness().Fence("The test says so.");
        await cluster.PassAsync(TimeSpan.FromSeconds(1));
        await cluster.Cluster.StopSiloAsync(fenced).Within();
    }

    [Fact]
    public async Task Calls_wait_for_a_directory_that_cannot_be_reached()
    {
        await using var cluster = await LeasedCluster.StartAsync(2);
        foreach (var silo in cluster.Silos) silo.Directory().Failures = 3;
        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => cluster.Grains.GetGrain<IPlacedGrain>($"waits{i}").Where()));
        Assert.All(cluster.Silos, s => Assert.Equal(0, s.Directory().Failures));
    }

    [Fact]
    public async Task A_grain_whose_registration_was_done_but_not_answered_is_activated_once()
    {
        await using var cluster = await LeasedCluster.StartAsync(2);
        foreach (var silo in cluster.Silos) (silo.Directory().DoesWhatFails, silo.Directory().Failures) = (true, 4);
        for (var i = 0; i < 10; i++)
        {
            var grain = cluster.Grains.GetGrain<IPlacedGrain>($"once{i}");
            Assert.Equal(1, await grain.Count());
            Assert.Equal(2, await grain.Count());
        }
    }

    [Fact]
    public async Task Leases_are_renewed_by_a_thread_that_user_code_cannot_keep_busy()
    {
        await using var cluster = await LeasedCluster.StartAsync(1, silo => silo.Services.AddSingleton(new LivenessClock(TimeProvider.System)));
        var silo = cluster.Silos[0];
        await Eventually.HoldsAsync(() => silo.Liveness().IsLeaseHeld, "the lease is renewed");
        Assert.False(silo.Table().WasRenewedOnThePool);
    }

    [Fact]
    public void Times_that_do_not_fit_are_refused_and_the_message_says_what_to_write()
    {
        using var host = new HostBuilder().UseOrleans(silo => silo.Configure<EngineOptions>(options =>
        {
            options.LeaseDuration = TimeSpan.FromSeconds(2);
            options.RenewPeriod = TimeSpan.FromSeconds(1);
            options.LeaseMargin = TimeSpan.Zero;
            options.DeadSilosKept = TimeSpan.FromMinutes(1);
        })).Build();
        var refused = Assert.Throws<OptionsValidationException>(() => host.Services.GetRequiredService<IOptions<EngineOptions>>().Value);
        Assert.Contains(refused.Failures, f => f.StartsWith("Granary:Engine:LeaseMargin is 00:00:00. ", StringComparison.Ordinal));
        Assert.Contains(refused.Failures, f => f.StartsWith("Granary:Engine:DeadSilosKept is 00:01:00. ", StringComparison.Ordinal));
        Assert.Contains(refused.Failures, f => f.StartsWith("Granary:Engine:RenewPeriod is 00:00:01. Write at most a sixth of LeaseDuration: 00:00:00.33", StringComparison.Ordinal));
    }

    /// <summary>The key of a grain that is active in that silo.</summary>
    private static async Task<string> KeyInAsync(LeasedCluster cluster, Orleans.TestingHost.SiloHandle silo)
    {
        for (var i = 0; ; i++)
        {
            if (await cluster.Grains.GetGrain<IPlacedGrain>($"g{i}").Where() == silo.SiloAddress.ToString()) return $"g{i}";
        }
    }
}
