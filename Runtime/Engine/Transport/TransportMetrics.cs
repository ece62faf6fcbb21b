using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Granary.Engine.Transport;

/// <summary>
/// The connections of this process as instruments of the meter <see cref="MeterName"/>. All are read when somebody collects, from what the connections count anyway: calls cost nothing more.
/// </summary>
internal static class TransportMetrics
{
    internal const string MeterName = "Granary.Transport";

    private static readonly Meter s_meter = new(MeterName);
    private static readonly ConcurrentDictionary<PeerNetwork, bool> s_networks = new();
    private static readonly Lock s_lock = new();
    private static NetworkTotals s_gone = new();

    static TransportMetrics()
    {
        Now("granary.transport.connections", "{connection}", "Open connections", static (n, isClient) => n.Connections.Count(c => c.IsClient == isClient));
        Now("granary.transport.calls.in_flight", "{call}", "Calls sent that are not answered", static (n, isClient) => n.Connections.Where(c => c.IsClient == isClient).Sum(static c => c.InFlight));
        Now("granary.transport.calls.in_progress", "{call}", "Calls received that have not ended", static (n, isClient) => n.Connections.Where(c => c.IsClient == isClient).Sum(static c => c.InProgress));
        Now("granary.transport.queued", "By", "Bytes that wait to be sent", static (n, isClient) => n.Connections.Where(c => c.IsClient == isClient).Sum(static c => c.QueuedBytes));
        s_meter.CreateObservableUpDownCounter("granary.transport.handshakes", static () => s_networks.Keys.Sum(static n => n.PendingHandshakes), "{connection}", "Accepted connections whose handshake goes on");
        s_meter.CreateObservableGauge(
            "granary.transport.certificate.expiry", static () => s_networks.Keys.Where(static n => n.Tls is not null).Select(static n => new Measurement<long>((long)(n.Tls!.NotAfter - n.Time.GetUtcNow()).TotalSeconds)).OrderBy(static m => m.Value).Take(1), "s",
            "How long this process's certificate is still good; negative afterwards");
        Ever("granary.transport.connections.opened", "{connection}", "Connections opened, either way", static t => t.Opened);
        Ever("granary.transport.connections.failed", "{connection}", "Attempts to connect that failed", static t => t.Failed);
        Ever("granary.transport.connections.refused", "{connection}", "Strangers refused", static t => t.Refused);
        Ever("granary.transport.calls", "{call}", "Calls over connections", static t => t.CallsOut, static t => t.CallsIn);
        Ever("granary.transport.frames", "{frame}", "Frames over connections", static t => t.FramesOut, static t => t.FramesIn);
        Ever("granary.transport.io", "By", "Bytes over connections", static t => t.BytesOut, static t => t.BytesIn);
    }

    /// <summary>A network begins to count.</summary>
    internal static void Add(PeerNetwork network) => s_networks.TryAdd(network, true);

    /// <summary>A network has ended; what it has counted stays counted.</summary>
    internal static void Remove(PeerNetwork network)
    {
        lock (s_lock)
        {
            if (s_networks.TryRemove(network, out _)) s_gone = s_gone.Plus(network.Totals());
        }
    }

    private static NetworkTotals Totals()
    {
        lock (s_lock) return s_networks.Keys.Aggregate(s_gone, static (sum, n) => sum.Plus(n.Totals()));
    }

    private static void Now(string name, string unit, string about, Func<NetworkStatistics, bool, long> read) => s_meter.CreateObservableUpDownCounter(
        name,
        () =>
        {
            var networks = s_networks.Keys.Select(static n => n.Statistics()).ToArray();
            return new[] { false, true }.Select(isClient => new Measurement<long>(networks.Sum(n => read(n, isClient)), new KeyValuePair<string, object?>("peer", isClient ? "client" : "silo")));
        },
        unit,
        about);

    private static void Ever(string name, string unit, string about, Func<NetworkTotals, long> read) => s_meter.CreateObservableCounter(name, () => read(Totals()), unit, about);

    private static void Ever(string name, string unit, string about, Func<NetworkTotals, long> sent, Func<NetworkTotals, long> received) => s_meter.CreateObservableCounter(
        name,
        () =>
        {
            var totals = Totals();
            return new Measurement<long>[] { new(sent(totals), new KeyValuePair<string, object?>("direction", "out")), new(received(totals), new KeyValuePair<string, object?>("direction", "in")) };
        },
        unit,
        about);
}
