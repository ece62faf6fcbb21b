using System.Collections.Concurrent;
using Orleans.Runtime;

namespace Granary.Engine.Placement;

/// <summary>A silo's load at one instant.</summary>
/// <param name="Activations">Grains active there.</param>
/// <param name="CpuPercent">0 to 100, of all cores.</param>
/// <param name="UsedMemory">Bytes.</param>
/// <param name="AvailableMemory">Bytes that the process could still take.</param>
/// <param name="IsOverloaded">It refuses calls from outside.</param>
/// <param name="QueueDelayMs">How long a work item waits there for a thread, milliseconds.</param>
internal sealed record SiloLoad(int Activations, float CpuPercent, long UsedMemory, long AvailableMemory, bool IsOverloaded, double QueueDelayMs = 0)
{
    /// <summary>A silo whose work waits so long is as slow as one can be.</summary>
    private const double LongDelayMs = 100;

    /// <summary>Up to here a silo has CPU to spare.</summary>
    private const double BusyCpuPercent = 70;

    /// <summary>The queue delay as a share of a long one, 0 to 1.</summary>
    internal double DelayShare => Math.Clamp(QueueDelayMs / LongDelayMs, 0, 1);

    /// <summary>0 for a silo that does its work at once, 1 for one whose cores are all busy or whose work waits long.</summary>
    internal double Slowness => Math.Max(DelayShare, Math.Clamp((CpuPercent - BusyCpuPercent) / (100 - BusyCpuPercent), 0, 1));

    /// <summary>The share of memory in use, 0 to 1.</summary>
    internal double MemoryShare => UsedMemory + AvailableMemory <= 0 ? 0 : (double)UsedMemory / (UsedMemory + AvailableMemory);
}

/// <summary>
/// What this process knows of the silos' load, for placement. Whoever learns of a load reports it here; between two reports of a silo, the grains that were placed there from here are added,
/// so that a burst of placements does not all go to the silo that was the emptiest when it last reported. The other silos place too, about as many each and by the same reports: what was placed from
/// here is counted once for every silo, or all of them together would overshoot. Thread-safe.
/// </summary>
internal sealed class LoadTable
{
    private readonly ConcurrentDictionary<SiloAddress, Known> _loads = new();
    private int _silos;

    /// <summary>A silo said, or this silo measured, how loaded it is.</summary>
    internal void Report(SiloAddress silo, SiloLoad load)
    {
        _loads[silo] = new Known(load);
        Volatile.Write(ref _silos, _loads.Count);
    }

    /// <summary>The silos of which anything is known.</summary>
    internal ICollection<SiloAddress> Silos => _loads.Keys;

    internal void Forget(SiloAddress silo)
    {
        _loads.TryRemove(silo, out _);
        Volatile.Write(ref _silos, _loads.Count);
    }

    /// <summary>A grain was placed there.</summary>
    internal void OnPlaced(SiloAddress silo)
    {
        EngineMetrics.Placed();
        var known = _loads.GetOrAdd(silo, static _ => new Known(null));
        Interlocked.Increment(ref known.Placed);
    }

    /// <summary>The load as last reported; null when it never was.</summary>
    internal SiloLoad? Find(SiloAddress silo) => _loads.GetValueOrDefault(silo)?.Load;

    /// <summary>Grains active there, with those that were probably placed since the last report.</summary>
    internal int Activations(SiloAddress silo) => _loads.TryGetValue(silo, out var known) ? (known.Load?.Activations ?? 0) + (Volatile.Read(ref known.Placed) * Math.Max(1, Volatile.Read(ref _silos))) : 0;

    private sealed class Known(SiloLoad? load)
    {
        internal readonly SiloLoad? Load = load;
        internal int Placed;
    }
}
