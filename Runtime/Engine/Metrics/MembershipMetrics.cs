using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Granary.Engine.Membership;
using Orleans.Runtime;

namespace Granary.Engine;

/// <summary>The cluster as the silos of this process see it, and how they stand in it; read when somebody collects. A silo that is a cluster of its own has no lease.</summary>
internal static class MembershipMetrics
{
    private static readonly Meter s_meter = new(EngineMetrics.GranaryMeterName);
    private static readonly ConcurrentDictionary<LivenessAgent, SiloCore> s_silos = new();
    private static readonly (SiloStatus, string)[] s_statuses = [(SiloStatus.Joining, "joining"), (SiloStatus.Active, "active"), (SiloStatus.ShuttingDown, "shutting_down"), (SiloStatus.Dead, "dead")];
    private static readonly Counter<long> s_renewals = s_meter.CreateCounter<long>("granary.membership.renewals", "{renewal}", "Attempts to renew this silo's lease, by whether the table answered.");
    private static readonly Counter<long> s_deaths = s_meter.CreateCounter<long>("granary.membership.declarations", "{silo}", "Silos that this one declared dead.");

    static MembershipMetrics()
    {
        s_meter.CreateObservableGauge("granary.membership.version", static () => s_silos.Values.Select(static s => new Measurement<long>(s.View.Version)).Take(1), "{version}", "The version of the membership table that this silo acts by.");
        s_meter.CreateObservableGauge(
            "granary.membership.lease.age", static () => s_silos.Keys.Select(static a => a.LeaseAge).OfType<TimeSpan>().OrderDescending().Take(1).Select(static age => new Measurement<double>(age.TotalSeconds)), "s",
            "How long ago the last successful renewal of this silo's lease was sent.");
        s_meter.CreateObservableUpDownCounter("granary.membership.silos", ReadSilos, "{silo}", "Silos in the membership table, by their status.");
    }

    internal static void Add(LivenessAgent agent, SiloCore silo) => s_silos.TryAdd(agent, silo);

    internal static void Remove(LivenessAgent agent) => s_silos.TryRemove(agent, out _);

    internal static void Renewed(bool answered) => s_renewals.Add(1, new KeyValuePair<string, object?>("granary.outcome", answered ? "answered" : "failed"));

    internal static void Declared() => s_deaths.Add(1);

    private static IEnumerable<Measurement<long>> ReadSilos()
    {
        var view = s_silos.Values.Select(static s => s.View).FirstOrDefault();
        if (view is null) yield break;
        foreach (var (status, name) in s_statuses)
            yield return new Measurement<long>(view.Silos.Count(s => s.Status == status), new KeyValuePair<string, object?>("granary.status", name));
    }
}
