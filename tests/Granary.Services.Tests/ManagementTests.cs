using Granary.Engine.Management;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.TestingHost;

namespace Granary.Services.Tests;

public interface IAskingGrain : IGrainWithStringKey
{
    Task<int> CountAll();
}

public sealed class AskingGrain : Grain, IAskingGrain
{
    public Task<int> CountAll() => GrainFactory.GetGrain<IManagementGrain>(0).GetTotalActivationCount();
}

public sealed class ManagementTests
{
    [Fact]
    public async Task A_client_and_a_grain_see_the_silos_and_what_is_active_in_them()
    {
        await using var cluster = await Cluster.StartAsync(2);
        for (var i = 0; i < 10; i++) await cluster.GrainFactory.GetGrain<ICounterGrain>($"g{i}").Add(1);
        var management = cluster.GrainFactory.GetGrain<IManagementGrain>(0);

        var hosts = await management.GetHosts();
        Assert.Equal(cluster.Silos.Select(s => s.SiloAddress).Order(), hosts.Keys.Order());
        Assert.All(hosts.Values, status => Assert.Equal(SiloStatus.Active, status));

        Assert.Equal(10, await management.GetTotalActivationCount());
        Assert.Equal(10, await management.GetGrainActivationCount((GrainReference)cluster.GrainFactory.GetGrain<ICounterGrain>("g0")));
        var simple = await management.GetSimpleGrainStatistics();
        Assert.Equal(10, simple.Where(s => s.GrainType == typeof(CounterGrain).FullName).Sum(s => s.ActivationCount));
        var detailed = await management.GetDetailedGrainStatistics(["counter"]);
        Assert.Equal(10, detailed.Length);
        foreach (var grain in detailed)
        {
            var reference = cluster.GrainFactory.GetGrain<ICounterGrain>(grain.GrainId);
            Assert.Equal(grain.SiloAddress.ToString(), await reference.WhereAmI());
            Assert.Equal(grain.SiloAddress, await management.GetActivationAddress(reference));
        }

        Assert.Equal(10, (await management.GetActiveGrains(GrainType.Create("counter"))).Count);
        Assert.Equal(11, await cluster.GrainFactory.GetGrain<IAskingGrain>("a").CountAll());
    }

    [Fact]
    public async Task The_address_of_a_grain_that_is_not_active_is_none_and_asking_does_not_activate_it()
    {
        await using var cluster = await Cluster.StartAsync(2);
        var management = cluster.GrainFactory.GetGrain<IManagementGrain>(0);
        Assert.Null(await management.GetActivationAddress(cluster.GrainFactory.GetGrain<ICounterGrain>("none")));
        Assert.Equal(0, await management.GetTotalActivationCount());
    }

    [Fact]
    public async Task Runtime_statistics_tell_load_and_clients_and_dead_silos_are_listed_but_not_asked()
    {
        await using var cluster = await Cluster.StartAsync(3);
        await cluster.KillSiloAsync(cluster.SecondarySilos[1]);
        await cluster.WaitForLivenessToStabilizeAsync(didKill: true);
        var management = cluster.GrainFactory.GetGrain<IManagementGrain>(0);
        Assert.Equal(3, (await management.GetHosts()).Count);
        Assert.Equal(2, (await management.GetHosts(onlyActive: true)).Count);
        var statistics = await management.GetRuntimeStatistics([]);
        Assert.Equal(2, statistics.Length);
        Assert.All(statistics, s => Assert.True(s.EnvironmentStatistics.MaximumAvailableMemoryBytes > 0));
        Assert.Contains(statistics, s => s.ClientCount == 1);
        Assert.All(statistics, s => Assert.False(s.IsOverloaded));
    }

    [Fact]
    public async Task Forced_collection_empties_the_cluster()
    {
        await using var cluster = await Cluster.StartAsync(2);
        for (var i = 0; i < 10; i++) await cluster.GrainFactory.GetGrain<ICounterGrain>($"g{i}").Add(1);
        var management = cluster.GrainFactory.GetGrain<IManagementGrain>(0);
        await management.ForceGarbageCollection([]);
        await management.ForceActivationCollection(TimeSpan.Zero);
        await Eventually.HoldsAsync(async () => await management.GetTotalActivationCount() == 0, "nothing is active");
        Assert.Equal(1, await cluster.GrainFactory.GetGrain<ICounterGrain>("g0").Add(1));
    }

    [Fact]
    public async Task An_operator_deactivates_one_grain()
    {
        await using var cluster = await Cluster.StartAsync(2);
        var grain = cluster.GrainFactory.GetGrain<ICounterGrain>("a");
        await grain.Add(5);
        var at = await cluster.GrainFactory.GetGrain<IManagementGrain>(0).GetActivationAddress(grain);
        var control = cluster.GrainFactory.GetGrain<ISiloControl>(SiloControl.IdIn(at!));
        var gone = cluster.WaitForDeactivationAsync(grain);
        Assert.True(await control.Deactivate(grain.GetGrainId().ToString()));
        await gone.Within();
        Assert.False(await control.Deactivate(grain.GetGrainId().ToString()));
        Assert.Equal(1, await grain.Add(1));
    }

    [Fact]
    public async Task Work_that_waits_too_long_for_a_thread_refuses_calls_from_outside_and_lets_grains_and_management_go_on()
    {
        await using var silo = await OneSilo.StartAsync();
        var inside = silo.Grains.GetGrain<IAskingGrain>("a");
        await inside.CountAll();
        var entered = silo.Grains.GetGrain<ICounterGrain>("b");
        silo.Services.GetRequiredService<OverloadProbe>().Dispose();
        silo.Core.OverloadedAfter = 0;
        var refused = await Assert.ThrowsAsync<GatewayTooBusyException>(() => entered.Add(1));
        Assert.Contains("OverloadQueueDelay", refused.Message, StringComparison.Ordinal);
        var report = await silo.Grains.GetGrain<ISiloControl>(SiloControl.IdIn(silo.Core.Address)).Report();
        Assert.True(report.IsOverloaded);
        silo.Core.OverloadedAfter = long.MaxValue;
        Assert.Equal(1, await entered.Add(1));
    }

    [Fact]
    public void A_pause_refuses_for_a_moment_only_and_a_queue_that_stands_for_as_long_as_it_does()
    {
        var rule = new QueueDelayRule(1000);
        Assert.False(rule.Observe(0, 150, out var period));
        Assert.Equal(250, period);

        // Suspended for two seconds.
        Assert.True(rule.Observe(2250, 2000, out period));
        Assert.Equal(25, period);
        Assert.False(rule.Observe(2275, 0, out period));
        Assert.Equal(250, period);

        // A burst that is worked off, and one that is not.
        for (var now = 3000; now < 3900; now += 25) Assert.False(rule.Observe(now, 300, out _));
        Assert.False(rule.Observe(3900, 200, out _));
        for (var now = 4000; now < 5000; now += 25) Assert.False(rule.Observe(now, 300, out _));
        Assert.True(rule.Observe(5000, 300, out period));
        Assert.Equal(25, period);
        Assert.True(rule.Observe(6000, 201, out _));
        Assert.False(rule.Observe(6025, 199, out _));
        Assert.False(new QueueDelayRule(0).Observe(9000, 9000, out _));
    }

    [Fact]
    public async Task An_overloaded_silo_refuses_its_clients_but_not_the_grains_of_others()
    {
        await using var cluster = await Cluster.StartAsync(2);
        var grain = cluster.GrainFactory.GetGrain<ICounterGrain>("a");
        await grain.Add(1);
        var at = cluster.GetSiloForAddress((await cluster.GrainFactory.GetGrain<IManagementGrain>(0).GetActivationAddress(grain))!)!;
        ((InProcessSiloHandle)at).ServiceProvider.GetRequiredService<OverloadProbe>().Dispose();
        at.Core().OverloadedAfter = 0;
        await Assert.ThrowsAsync<GatewayTooBusyException>(() => grain.Add(1));
        var elsewhere = cluster.Silos.Single(s => s != at);
        // From another silo, as its grains call.
        Assert.Equal(2, await ((ICounterGrain)(object)elsewhere.Core().Router.CreateProxy(grain.GetGrainId(), typeof(ICounterGrain))).Add(1));
    }
}
