using System.Collections.Concurrent;
using Granary.Engine;
using Granary.Engine.Hosting;
using Granary.Engine.Membership;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.GrainDirectory;
using Orleans.Hosting;
using Orleans.TestingHost;

namespace Granary.Membership.Tests;

/// <summary>A test cluster whose leases run by a clock that the test moves, each silo with a way to the table of its own.</summary>
internal sealed class LeasedCluster : IAsyncDisposable
{
    private const string Key = "granary-leased";
    private static readonly ConcurrentDictionary<string, LeasedCluster> s_clusters = new(StringComparer.Ordinal);

    private readonly string _id = Guid.NewGuid().ToString("N");
    private readonly ManualTime _time = new();
    private readonly ConcurrentDictionary<SiloHandle, bool> _dead = [];

    internal TestCluster Cluster { get; private set; } = null!;

    internal IGrainFactory Grains => Cluster.GrainFactory;

    /// <summary>Applied to each silo that starts from now on.</summary>
    internal Action<ISiloBuilder>? Configure { get; set; }

    internal IReadOnlyList<SiloHandle> Silos => [.. Cluster.Silos.Where(s => !_dead.ContainsKey(s))];

    internal MembershipView View => Silos[0].Core().View;

    internal static async Task<LeasedCluster> StartAsync(int silos, Action<ISiloBuilder>? configure = null)
    {
        var cluster = new LeasedCluster { Configure = configure };
        s_clusters[cluster._id] = cluster;
        var builder = new TestClusterBuilder((short)silos);
        builder.Properties[Key] = cluster._id;
        builder.AddSiloBuilderConfigurator<Configurator>();
        cluster.Cluster = builder.Build();
        await cluster.Cluster.DeployAsync();
        await cluster.PassAsync(TimeSpan.FromSeconds(1));
        return cluster;
    }

    /// <summary>As kill -9: nobody is told.</summary>
    internal async Task KillAsync(SiloHandle silo)
    {
        _dead[silo] = true;
        await silo.Services().GetRequiredService<SiloHost>().KillAsync();
    }

    /// <summary>Lets time pass for the leases. What silos ask each other has its answer before time goes on.</summary>
    internal async Task PassAsync(TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += TimeSpan.FromMilliseconds(100))
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await SettleAsync();
        }
    }

    /// <summary>Lets time pass until something holds; how much that was.</summary>
    internal async Task<TimeSpan> PassUntilAsync(Func<bool> condition, TimeSpan atMost)
    {
        var passed = TimeSpan.Zero;
        while (!condition())
        {
            Assert.True(passed <= atMost, $"It did not happen within {atMost}.");
            await PassAsync(TimeSpan.FromMilliseconds(100));
            passed += TimeSpan.FromMilliseconds(100);
        }

        return passed;
    }

    public async ValueTask DisposeAsync()
    {
        s_clusters.TryRemove(_id, out _);
        await Cluster.DisposeAsync();
    }

    private async Task SettleAsync()
    {
        // Twice: an answer may lead to another step.
        for (var i = 0; i < 2; i++)
        {
            foreach (var silo in Silos) silo.Liveness().Step();
            foreach (var silo in Silos) await Eventually.HoldsAsync(() => silo.Liveness().Pending == 0, "what the silos ask each other is answered");
        }
    }

    private sealed class Configurator : ISiloConfigurator
    {
        public void Configure(ISiloBuilder siloBuilder)
        {
            var cluster = s_clusters[siloBuilder.Configuration[Key]!];
            siloBuilder.Services.AddSingleton(new LivenessClock(cluster._time));
            siloBuilder.Services.AddSingleton<IMembershipTable>(services => new FaultyTable(services.GetRequiredService<InMemoryCluster>().Membership));
            siloBuilder.Services.AddSingleton<IGrainDirectory>(services => new FaultyDirectory(services.GetRequiredService<InMemoryCluster>().Directory));
            cluster.Configure?.Invoke(siloBuilder);
        }
    }
}

internal static class SiloHandles
{
    internal static IServiceProvider Services(this SiloHandle silo) => ((InProcessSiloHandle)silo).ServiceProvider;

    internal static SiloCore Core(this SiloHandle silo) => ((InProcessSiloHandle)silo).Core;

    internal static LivenessAgent Liveness(this SiloHandle silo) => silo.Services().GetRequiredService<LivenessAgent>();

    internal static FaultyTable Table(this SiloHandle silo) => (FaultyTable)silo.Services().GetRequiredService<IMembershipTable>();

    internal static FaultyDirectory Directory(this SiloHandle silo) => (FaultyDirectory)silo.Services().GetRequiredService<IGrainDirectory>();

    /// <summary>A grain as code in that silo calls it.</summary>
    internal static IPlacedGrain Grain(this SiloHandle silo, string key) => silo.Services().GetRequiredService<IGrainFactory>().GetGrain<IPlacedGrain>(key);
}
