using Granary.Cluster.Harness;

namespace Granary.Cluster.Chaos;

internal sealed class RedisRestart : Fault
{
    internal override string Name => "redis-restart";

    internal override string About => "kill -9 of Redis; it is started again with its data";

    internal override async Task InflictAsync(Arena arena, int victim)
    {
        arena.Strike(arena.Cluster.Silos);
        await arena.Cluster.Redis.KillAsync();
        await arena.Cluster.Redis.StartAsync();
        await arena.ServedAsync(arena.Timings.Patience);
    }
}

internal sealed class RedisEmpty : Fault
{
    internal override string Name => "redis-empty";

    internal override string About => "kill -9 of Redis; it is started again without its data: members and directory are gone (grain state is on another server)";

    internal override async Task InflictAsync(Arena arena, int victim)
    {
        arena.Strike(arena.Cluster.Silos);
        await arena.Cluster.Redis.KillAsync();
        arena.Cluster.Redis.Forget();
        await arena.Cluster.Redis.StartAsync();
        await arena.ServedAsync(arena.Timings.Patience);
        await arena.Cluster.Client.KnowsAsync(arena.Cluster.Silos.Count);
    }
}

internal sealed class RedisAway : Fault
{
    internal override string Name => "redis-away";

    internal override string About => "Redis is gone for longer than the leases; it comes back with its data";

    internal override async Task InflictAsync(Arena arena, int victim)
    {
        arena.Strike(arena.Cluster.Silos);
        await arena.Cluster.Redis.KillAsync();
        await Arena.HoldAsync(arena.Timings.RedisAway);
        await arena.Cluster.Redis.StartAsync();
        await arena.ServedAsync(arena.Timings.Patience);
        foreach (var silo in arena.Cluster.Silos.Where(s => s.HasExited).ToArray())
        {
            arena.Surprises.Add($"{silo.Name} has ended because Redis was away");
            await arena.RestartAsync(silo);
        }
    }
}

internal sealed class RedisPause : Fault
{
    internal override string Name => "redis-pause";

    internal override string About => "Redis stands still (SIGSTOP) for half a lease: connections stay, answers do not come";

    internal override async Task InflictAsync(Arena arena, int victim)
    {
        arena.Strike(arena.Cluster.Silos);
        arena.Cluster.Redis.Signal(Signal.Stop);
        await Arena.HoldAsync(arena.Timings.Lease * 0.5);
        arena.Cluster.Redis.Signal(Signal.Continue);
        await arena.ServedAsync(arena.Timings.Patience);
    }
}

internal sealed class CutFromRedis : Fault
{
    internal override string Name => "cut-redis";

    internal override string About => "one silo does not reach Redis: it must end, for the others will take over its grains";

    internal override async Task InflictAsync(Arena arena, int victim)
    {
        var (silo, _) = Choose(arena, victim);
        arena.Strike(silo);
        await arena.Cluster.Network.CutAsync(silo.Node, arena.Cluster.RedisNode);
        try
        {
            await arena.EndsAsync(silo, gracefully: false, arena.Timings.Patience);
            await arena.ServedAsync(arena.Timings.Patience);
        }
        finally
        {
            await arena.Cluster.Network.HealAsync(silo.Node, arena.Cluster.RedisNode);
        }

        await arena.RestartAsync(silo);
    }
}

internal sealed class MajorityCutFromRedis : Fault
{
    internal override string Name => "cut-majority";

    internal override string About => "most silos do not reach Redis, one does: the cut ones must end";

    internal override async Task InflictAsync(Arena arena, int victim)
    {
        var (_, cut) = Choose(arena, victim);
        arena.Strike(cut);
        foreach (var silo in cut) await arena.Cluster.Network.CutAsync(silo.Node, arena.Cluster.RedisNode);
        try
        {
            foreach (var silo in cut) await arena.EndsAsync(silo, gracefully: false, arena.Timings.Patience);
        }
        finally
        {
            foreach (var silo in cut) await arena.Cluster.Network.HealAsync(silo.Node, arena.Cluster.RedisNode);
        }

        // A restarted silo owns the address and says that its predecessor is dead; nobody has to wait for the silence of a majority.
        foreach (var silo in cut) await arena.RestartAsync(silo);
        await arena.ServedAsync(arena.Timings.Patience);
    }
}
