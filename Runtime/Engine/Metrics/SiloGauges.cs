using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Granary.Engine;

/// <summary>What can be read of the silos of this process at any time: read when somebody collects, and not before.</summary>
internal static class SiloGauges
{
    private static readonly ConcurrentDictionary<SiloCore, bool> s_silos = new();
    private static readonly Meter s_meter = new(EngineMetrics.MeterName);

    static SiloGauges()
    {
        s_meter.CreateObservableGauge("orleans-catalog-activations", () => s_silos.Keys.Sum(static s => (long)s.Table.Count), null, "Activations in memory");
        s_meter.CreateObservableGauge("orleans-gateway-connected-clients", () => s_silos.Keys.Sum(static s => (long)((s.Network as Transport.PeerNetwork)?.ConnectedClients.Count ?? 0)), null, "Clients that have a connection to this silo");
        s_meter.CreateObservableGauge("orleans-directory-cache-size", () => s_silos.Keys.Sum(static s => (long)s.Locator.CachedCount), null, "Locations of grains remembered");
    }

    /// <summary>From now on this silo counts.</summary>
    internal static void Add(SiloCore silo) => s_silos.TryAdd(silo, true);

    internal static void Remove(SiloCore silo) => s_silos.TryRemove(silo, out _);
}
