using System.Diagnostics;
using System.Net;
using Granary.Benchmarks.Local;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.GrainDirectory;
using Orleans.Hosting;

namespace Granary.Benchmarks.Cluster;

/// <summary>First calls when the directory is in Redis, which shares this machine's cores.</summary>
internal sealed class RedisActivations : IBenchmark
{
    private const int Callers = 1024;
    private const int Count = 100_000;

    public string Name => "redis";

    public string About => "activate 100,000 grains of one silo through a Redis directory; bare registrations and look-ups";

    public async Task RunAsync(Session session)
    {
        using var server = await RedisServer.StartAsync();
        var rounds = session.Quick ? 2 : 5;
        double[] activations = new double[rounds], registrations = new double[rounds], lookups = new double[rounds], slowness = new double[rounds];
        await RoundAsync(server, "warm", Count / 5);
        for (var round = 0; round < rounds; round++)
        {
            slowness[round] = CpuLoop.Run();
            (activations[round], registrations[round], lookups[round]) = await RoundAsync(server, $"round{round}", Count);
        }

        session.Add(Name, $"activations, {Callers} callers", Measurement.Sum(Unit.PerSecond, activations, [], slowness), null, new Budget(60e3));
        session.Add(Name, $"bare registrations, {Callers} at a time", Measurement.Sum(Unit.PerSecond, registrations, [], slowness));
        session.Add(Name, $"bare look-ups, {Callers} at a time", Measurement.Sum(Unit.PerSecond, lookups, [], slowness));
    }

    private static async Task<(double Activations, double Registrations, double Lookups)> RoundAsync(RedisServer server, string cluster, int count)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo => silo
            .Configure<ClusterOptions>(options => options.ClusterId = $"bench-{cluster}")
            .ConfigureEndpoints(IPAddress.Loopback, siloPort: 0, gatewayPort: 0)
            .UseRedisClustering(server.ConnectionString));
        using var host = builder.Build();
        await host.StartAsync();
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        var directory = host.Services.GetRequiredService<IGrainDirectory>();
        var silo = host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
        await grains.GetGrain<IEmptyGrain>("first").Touch();
        var activations = await RateAsync(count, async (caller, i) => await grains.GetGrain<IEmptyGrain>($"{caller}-{i}").Touch());
        var registrations = await RateAsync(count, async (caller, i) => await directory.Register(new GrainAddress { GrainId = Bare(caller, i), ActivationId = ActivationId.NewId(), SiloAddress = silo }));
        var lookups = await RateAsync(count, async (caller, i) => await directory.Lookup(Bare(caller, i)));
        await host.StopAsync(new CancellationToken(canceled: true));
        return (activations, registrations, lookups);
    }

    private static GrainId Bare(int caller, int i) => GrainId.Create("bare", $"{caller}-{i}");

    private static async Task<double> RateAsync(int count, Func<int, int, Task> action)
    {
        var start = Stopwatch.GetTimestamp();
        await Harness.Callers.RunAsync(Callers, count, async (caller, calls) =>
        {
            for (var i = 0; i < calls; i++) await action(caller, i);
        });
        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
