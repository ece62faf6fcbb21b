using Granary.Hosting;
using Granary.Rpc.Cluster;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Hosting;

namespace Granary.Services.Tests;

/// <summary>What an engine tells the parts above it about the cluster.</summary>
public sealed class ClusterFeedTests
{
    [Fact]
    public async Task A_silo_tells_its_release_weight_roles_endpoints_and_what_it_hosts()
    {
        await using var cluster = await Cluster.StartAsync(2, silo => silo.Configure<EngineOptions>(o =>
        {
            o.Release = "7.1";
            o.Weight = 50;
            o.Roles.Add("edge");
            o.Endpoints["http"] = "http://127.0.0.1:1";
        }));
        foreach (var services in new[] { cluster.Silos[0].Core().Services, cluster.Client.ServiceProvider })
        {
            var members = services.GetRequiredService<IClusterFeed>().Current.Members;
            Assert.Equal(cluster.Silos.Select(s => s.SiloAddress).Order(), members.Select(m => m.Address));
            Assert.All(members, m =>
            {
                Assert.Equal((ClusterMember.Active, "7.1", 50, "edge", "http://127.0.0.1:1"), (m.Status, m.Release, m.Weight, Assert.Single(m.Roles), m.Endpoints["http"]));
                Assert.Contains(m.Hosts!, h => h.Interface == typeof(ICounterGrain).FullName && h.GrainType == "counter");
            });
        }
    }

    [Fact]
    public async Task A_wait_for_the_next_snapshot_ends_with_it_or_with_its_cancellation()
    {
        await using var cluster = await Cluster.StartAsync(2);
        var feed = cluster.Client.ServiceProvider.GetRequiredService<IClusterFeed>();
        await Eventually.HoldsAsync(() => feed.Current.Members.Count(m => m.Status == ClusterMember.Active) == 2, "the client knows both silos");
        var seen = feed.Current;
        Assert.Same(seen, feed.Current);

        using var cancelled = new CancellationTokenSource();
        var abandoned = feed.NextAsync(seen, cancelled.Token);
        var waiting = feed.NextAsync(seen, CancellationToken.None);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => abandoned.Within());
        Assert.False(waiting.IsCompleted);

        await cluster.KillSiloAsync(cluster.SecondarySilos[0]);
        var next = await waiting.Within();
        Assert.NotSame(seen, next);
        Assert.Same(feed.Current, await feed.NextAsync(seen, CancellationToken.None));
    }

    [Fact]
    public async Task A_grain_in_memory_is_seen_with_what_it_does_and_asking_for_another_does_not_activate_it()
    {
        await using var cluster = await Cluster.StartAsync(2);
        var inspector = cluster.Client.ServiceProvider.GetRequiredService<IClusterInspector>();
        var grain = cluster.GrainFactory.GetGrain<ICounterGrain>("seen");
        Assert.Null(await inspector.FindAsync(grain.GetGrainId()));

        await grain.Add(1);
        // A call has its answer a moment before the grain has done with it.
        await Eventually.HoldsAsync(async () => await inspector.FindAsync(grain.GetGrainId()) is { Running: 0 }, "the call is over");
        var idle = await inspector.FindAsync(grain.GetGrainId());
        Assert.Equal(await grain.WhereAmI(), idle!.Silo.ToString());
        Assert.Equal((0, 0), (idle.Waiting, idle.Running));
        Assert.NotNull(idle.Since);
        Assert.True(idle.LastUsed >= idle.Since);

        var load = await inspector.LoadAsync(idle.Silo);
        Assert.Equal(1, load.Activations);
        Assert.NotNull(load.QueueDelay);
    }
}
