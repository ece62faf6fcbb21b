using Microsoft.Extensions.DependencyInjection;

namespace Granary.Benchmarks.Cluster;

/// <summary>Calls between silo processes of a real cluster: membership and directory in Redis, which shares the cores.</summary>
internal sealed class RedisFrameCalls : IBenchmark
{
    private static readonly (int InFlight, Peer Orleans, Budget Budget)[] s_loads =
    [
        (1, new Peer("Orleans 10.4", 25e3, 25e3, SameRun: false), new Budget(40e3)),
        (64, new Peer("Orleans 10.4", 240e3, 287e3, SameRun: false), new Budget(600e3)),
        (512, new Peer("Orleans 10.4", 290e3, 376e3, SameRun: false), new Budget(1.2e6)),
    ];

    public string Name => "redis-frames";

    public string About => "calls between two and three silo processes over Redis, with 1, 64 and 512 in flight";

    public async Task RunAsync(Session session)
    {
        using var redis = await RedisServer.StartAsync();
        using var near = await RedisSilo.StartAsync(redis.ConnectionString, "frames", 0);
        var factory = near.Services.GetRequiredService<IGrainFactory>();
        using var second = await RedisSiloProcess.StartAsync(redis.ConnectionString, "frames");
        var two = await RemoteGrains.FindAsync(factory, [second.Address], Most, name: "two-");
        foreach (var (inFlight, orleans, budget) in s_loads) await two.MeasureRateAsync(session, Name, $"two processes, {inFlight} in flight", inFlight, orleans, budget);
        await two.MeasureLatencyAsync(session, Name, "two processes, 1 in flight, p50");

        using var third = await RedisSiloProcess.StartAsync(redis.ConnectionString, "frames");
        var three = await RemoteGrains.FindAsync(factory, [second.Address, third.Address], Most, name: "three-");
        foreach (var (inFlight, _, _) in s_loads) await three.MeasureRateAsync(session, Name, $"one to two others, three processes, {inFlight} in flight", inFlight, null, null);

        using var client = await RedisSilo.ConnectAsync(redis.ConnectionString, "frames");
        var fromClient = await RemoteGrains.FindAsync(client.Services.GetRequiredService<IGrainFactory>(), [second.Address, third.Address], Most, name: "client-");
        await fromClient.MeasureRateAsync(session, Name, $"client to two silos, {Most} in flight", Most, null, null);
        await client.StopAsync();
        await near.StopAsync(new CancellationToken(canceled: true));
    }

    private static int Most => s_loads.Max(l => l.InFlight);
}
