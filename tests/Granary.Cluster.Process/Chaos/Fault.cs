using Granary.Cluster.Harness;

namespace Granary.Cluster.Chaos;

/// <summary>One way to break the cluster, and to mend it again.</summary>
internal abstract class Fault
{
    /// <summary>As it is written after <c>--faults</c>.</summary>
    internal abstract string Name { get; }

    internal abstract string About { get; }

    /// <summary>Whether every call must succeed in spite of it.</summary>
    internal virtual bool LosesNoCall => false;

    /// <summary>Breaks, waits and mends. When it is done, all silos run.</summary>
    /// <param name="arena">What is broken.</param>
    /// <param name="victim">The silo whose turn it is, by its place; the schedule chose it.</param>
    internal abstract Task InflictAsync(Arena arena, int victim);

    /// <summary>The victim and the others.</summary>
    protected static (SiloProcess Victim, SiloProcess[] Others) Choose(Arena arena, int victim)
    {
        var silos = arena.Cluster.Silos;
        return (silos[victim % silos.Count], [.. Enumerable.Range(1, silos.Count - 1).Select(i => silos[(victim + i) % silos.Count])]);
    }

    internal static IReadOnlyList<Fault> All { get; } =
    [
        new Kill(), new Terminate(), new ShortPause(), new LongPause(), new RedisRestart(), new RedisEmpty(), new RedisAway(), new RedisPause(),
        new CutBetweenSilos(), new CutFromRedis(), new MajorityCutFromRedis(), new KillMost(), new KillAll(),
    ];
}
