using Granary.Cluster.Harness;

namespace Granary.Cluster.Chaos;

internal sealed class Kill : Fault
{
    internal override string Name => "kill";

    internal override string About => "kill -9 of a silo";

    internal override async Task InflictAsync(Arena arena, int victim)
    {
        var (silo, _) = Choose(arena, victim);
        arena.Strike(silo);
        await silo.KillAsync();
        await arena.ServedAsync(arena.Timings.Patience);
        await arena.RestartAsync(silo);
    }
}

internal sealed class Terminate : Fault
{
    internal override string Name => "term";

    internal override string About => "SIGTERM to a silo: it stops gracefully";

    internal override bool LosesNoCall => true;

    internal override async Task InflictAsync(Arena arena, int victim)
    {
        var (silo, _) = Choose(arena, victim);
        arena.Strike(silo);
        silo.Process.Signal(Signal.Terminate);
        await arena.EndsAsync(silo, gracefully: true, TimeSpan.FromSeconds(40));
        await arena.ServedAsync(arena.Timings.Patience);
        await arena.RestartAsync(silo);
    }
}

internal sealed class ShortPause : Fault
{
    internal override string Name => "pause";

    internal override string About => "a silo stands still (SIGSTOP) for less than its lease";

    internal override async Task InflictAsync(Arena arena, int victim)
    {
        var (silo, _) = Choose(arena, victim);
        arena.Strike(silo);
        silo.Stop();
        await Arena.HoldAsync(arena.Timings.Lease * 0.5);
        silo.Continue();
        await arena.ServedAsync(arena.Timings.Patience);
        if (silo.HasExited) arena.Surprises.Add($"{silo.Name} has ended although its lease had not");
    }
}

internal sealed class LongPause : Fault
{
    internal override string Name => "long-pause";

    internal override string About => "a silo stands still (SIGSTOP) for longer than its lease, and wakes up when its grains live elsewhere";

    internal override async Task InflictAsync(Arena arena, int victim)
    {
        var (silo, _) = Choose(arena, victim);
        arena.Strike(silo);
        silo.Stop();
        await arena.ServedAsync(arena.Timings.Patience);
        silo.Continue();
        await arena.EndsAsync(silo, gracefully: false, TimeSpan.FromSeconds(20));
        await arena.RestartAsync(silo);
    }
}

internal sealed class KillMost : Fault
{
    internal override string Name => "kill-most";

    internal override string About => "kill -9 of all silos but one at once: the one that is left takes over alone";

    internal override async Task InflictAsync(Arena arena, int victim)
    {
        var (_, killed) = Choose(arena, victim);
        arena.Strike(killed);
        await Task.WhenAll(killed.Select(s => s.KillAsync()));
        await arena.ServedAsync(arena.Timings.Patience);
        foreach (var silo in killed) await arena.RestartAsync(silo);
    }
}

internal sealed class KillAll : Fault
{
    internal override string Name => "kill-all";

    internal override string About => "kill -9 of all silos at once; they are started again";

    internal override async Task InflictAsync(Arena arena, int victim)
    {
        var silos = arena.Cluster.Silos.ToArray();
        arena.Strike(silos);
        await Task.WhenAll(silos.Select(s => s.KillAsync()));
        await Task.WhenAll(silos.Select(arena.RestartAsync));
        await arena.ServedAsync(arena.Timings.Patience);
    }
}

internal sealed class CutBetweenSilos : Fault
{
    internal override string Name => "cut-silos";

    internal override string About => "two silos do not reach each other, but both reach Redis and the clients";

    internal override async Task InflictAsync(Arena arena, int victim)
    {
        var (silo, others) = Choose(arena, victim);
        arena.Strike(silo, others[0]);
        await arena.Cluster.Network.CutAsync(silo.Node, others[0].Node);
        await Arena.HoldAsync(arena.Timings.Cut);
        await arena.Cluster.Network.HealAsync(silo.Node, others[0].Node);
        await arena.ServedAsync(arena.Timings.Patience);
        foreach (var ended in new[] { silo, others[0] }.Where(s => s.HasExited))
        {
            arena.Surprises.Add($"{ended.Name} has ended although it could renew its lease");
            await arena.RestartAsync(ended);
        }
    }
}
