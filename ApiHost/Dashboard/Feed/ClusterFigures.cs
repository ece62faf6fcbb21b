using Granary.Rpc;
using Granary.Rpc.Cluster;
using Granary.Telemetry.Statistics;
using Orleans.Runtime;

namespace Granary.ApiHost.Dashboard.Feed;

/// <summary>
/// The silos' figures put together: rates of the last second, durations of the last seconds. What a silo that does not answer did is left out, not guessed. The sampler's alone.
/// </summary>
internal sealed class ClusterFigures(ServiceIndex services)
{
    private const int MostRows = 20;

    private static readonly string[] s_codes = [.. Enumerable.Range(0, 17).Select(c => RpcStatus.Name((StatusCode)c))];

    private readonly Dictionary<(string Type, string Interface, string Method), DurationWindow> _methods = [];
    private readonly Dictionary<(string From, string To), EdgeSeries> _edges = [];

    internal Dictionary<SiloAddress, SiloSeries> Silos { get; } = [];

    /// <summary>A second has passed.</summary>
    internal void Age()
    {
        foreach (var window in _methods.Values) window.Age();
        foreach (var edge in _edges.Values) edge.Age();
    }

    /// <summary>Takes in a silo's answer.</summary>
    internal void Take(SiloSeries silo, SiloAnswer answer) => silo.Take(answer, WindowOf, (now, before) => EdgeOf(now).Add(now, before));

    internal TotalsView Totals()
    {
        var durations = new DurationWindow();
        foreach (var silo in Silos.Values.Where(s => s.Answers)) durations.Add(silo.Durations);
        return new TotalsView(
            Round(Silos.Values.Sum(s => s.Total?.CallsPerSecond ?? 0)),
            Round(Silos.Values.Sum(s => s.Total?.ErrorsPerSecond ?? 0)),
            Silos.Values.Sum(s => s.Total?.InFlight ?? 0),
            Silos.Values.Sum(s => (long)(s.Answer?.Load?.Activations ?? 0)),
            durations.Quantile(0.5),
            durations.Quantile(0.95),
            durations.Quantile(0.99));
    }

    internal SiloRow Row(ClusterMember member)
    {
        var series = Silos.GetValueOrDefault(member.Address);
        var load = series?.Answer?.Load;
        return new SiloRow(member.Address.ToParsableString(), member.Name, member.Status)
        {
            Release = member.Release.Length == 0 ? null : member.Release,
            Roles = member.Roles,
            StartedAt = member.StartedAt?.ToUnixTimeMilliseconds(),
            Problem = series?.Problem,
            Load = load is null ? null : new SiloLoadView(
                load.Activations, load.Clients, Math.Round(load.CpuPercent, 1), load.MemoryBytes, load.QueueDelay is { } delay ? Math.Round(delay.TotalMilliseconds, 1) : null, load.IsOverloaded,
                [.. load.Suspects.Select(s => s.ToParsableString())]),
            CallsPerSecond = series?.Total is { } total ? Round(total.CallsPerSecond) : null,
            ErrorsPerSecond = series?.Total is { } failed ? Round(failed.ErrorsPerSecond) : null,
            P50 = series is { Answers: true } ? series.Durations.Quantile(0.5) : null,
            P99 = series is { Answers: true } ? series.Durations.Quantile(0.99) : null,
            Answers = series?.Answers ?? false,
        };
    }

    internal ServicesMessage Services()
    {
        var methods = Rates().GroupBy(r => (r.Name.Interface, r.Name.Method)).ToDictionary(g => g.Key, g => g.ToArray());
        return new ServicesMessage(
            [
                .. services.Services.Select(s => new ServiceRow(
                    s.Name, s.Version, s.InterfaceType.FullName!, s.Owner, s.Objective is { } o ? new ObjectiveView(o.Latency?.TotalMilliseconds, o.Availability) : null,
                    [.. s.Methods.Select(m => Method(m.Name, ServiceIndex.Kind(m.Kind), methods.GetValueOrDefault((s.InterfaceType.FullName!, m.Name), [])))])),
            ],
            [
                .. Silos.Where(s => s.Value.Answer is not null).SelectMany(s => s.Value.Answer!.Figures.Slowest.Select(c => (Silo: s.Key, Call: c)))
                    .OrderByDescending(c => c.Call.Milliseconds).Take(MostRows)
                    .Select(c => new SlowCallView(
                        services.Name(c.Call.Interface, c.Call.Method), c.Call.Grain, DurationWindow.Rounded(c.Call.Milliseconds)!.Value, c.Call.At, Text(c.Call.TraceId), c.Silo.ToParsableString(),
                        Code(c.Call.Code), Text(c.Call.Caller))),
            ]);
    }

    /// <summary>Calls a second of the services' methods, by <c>service/Method</c>; those without calls are left out.</summary>
    internal Dictionary<string, double> MethodRates()
    {
        var rates = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (name, rate) in Rates().Where(r => r.Rate.CallsPerSecond > 0 && services.Find(r.Name.Interface) is not null))
        {
            var key = services.Name(name.Interface, name.Method);
            rates[key] = Round(rates.GetValueOrDefault(key) + rate.CallsPerSecond);
        }

        return rates;
    }

    internal GrainsMessage Grains()
    {
        var rates = Rates().ToLookup(r => r.Name.GrainType, StringComparer.Ordinal);
        var active = Silos.Where(s => s.Value.Answer is not null).SelectMany(s => s.Value.Answer!.Classes.Select(c => (Silo: s.Key, Class: c)))
            .ToLookup(c => c.Class.GrainType, StringComparer.Ordinal);
        return new GrainsMessage(
            [
                .. active.Select(a => a.Key).Union(rates.Select(r => r.Key), StringComparer.Ordinal).Where(t => t.Length > 0).Order(StringComparer.Ordinal)
                    .Select(type => new GrainTypeRow(
                        type,
                        active[type].Select(a => a.Class.ClassName).FirstOrDefault(),
                        ServiceOf(type),
                        active[type].Sum(a => (long)a.Class.Activations),
                        active[type].GroupBy(a => a.Silo).ToDictionary(a => a.Key.ToParsableString(), a => a.Sum(c => c.Class.Activations), StringComparer.Ordinal),
                        Round(rates[type].Sum(r => r.Rate.CallsPerSecond)),
                        Round(rates[type].Sum(r => r.Rate.ErrorsPerSecond)),
                        Together(_methods.Where(m => m.Key.Type == type).Select(m => m.Value)).Quantile(0.99))),
            ],
            [
                .. Silos.Where(s => s.Value.Answer is not null).SelectMany(s => s.Value.Answer!.Figures.Hot.Select(h => new HotGrainRow(h.Grain, s.Key.ToParsableString(), Round(h.CallsPerSecond))))
                    .OrderByDescending(h => h.CallsPerSecond).Take(MostRows),
            ],
            [
                .. Silos.Where(s => s.Value.Answer is not null).SelectMany(s => s.Value.Answer!.Figures.Mailboxes.Select(m => new MailboxRow(m.Grain, s.Key.ToParsableString(), m.Waiting, m.Running)))
                    .OrderByDescending(m => m.Waiting).Take(MostRows),
            ]);
    }

    internal GraphMessage Graph(IReadOnlyList<GatewayRow> gateways)
    {
        var edges = _edges.Where(e => e.Value.Calls > 0).ToArray();
        var rates = Rates().ToLookup(r => r.Name.GrainType, StringComparer.Ordinal);
        var types = edges.SelectMany(e => new[] { e.Key.From, e.Key.To }).Where(t => t.Length > 0).Distinct(StringComparer.Ordinal);
        return new GraphMessage(
            [
                .. types.Select(type => Node(type, rates[type])),
                .. edges.Any(e => e.Key.From.Length == 0)
                    ? new[] { new GraphNode("gateways", "gateway", "gateways", null, Round(gateways.Sum(g => g.CallsPerSecond)), Round(gateways.Sum(g => g.ErrorsPerSecond)), gateways.Max(g => g.P99)) }
                    : [],
            ],
            [.. edges.Select(e => new GraphEdge(Id(e.Key.From), Id(e.Key.To), Round(e.Value.Calls), Round(e.Value.Errors), e.Value.Durations.Quantile(0.99)))]);
    }

    internal GrainMessage Grain(GrainId grain, (SiloAddress Silo, GrainFigures Figures)? found)
    {
        if (found is not { Figures: { } figures } || !figures.IsFound) return new GrainMessage(grain.ToString(), false) { Calls = found is null ? [] : Calls(found.Value.Figures) };
        return new GrainMessage(grain.ToString(), true)
        {
            Silo = found.Value.Silo.ToParsableString(),
            Since = figures.Since == 0 ? null : figures.Since,
            LastUsed = figures.LastUsed == 0 ? null : figures.LastUsed,
            Waiting = figures.Waiting < 0 ? null : figures.Waiting,
            Running = figures.Running < 0 ? null : figures.Running,
            Calls = Calls(figures),
            States = [.. figures.States.Select(s => new GrainStateView(s.Name, Text(s.Storage), s.Bytes, Text(s.Etag)))],
        };
    }

    private GrainCallView[] Calls(GrainFigures figures) =>
    [
        .. figures.Calls.Select(c => new GrainCallView(
            c.At, services.Name(c.Interface, c.Method), DurationWindow.Rounded(c.Milliseconds)!.Value, c.QueuedMilliseconds < 0 ? null : DurationWindow.Rounded(c.QueuedMilliseconds), Code(c.Code), Text(c.TraceId), Text(c.Caller))),
    ];

    private IEnumerable<(MethodName Name, MethodRate Rate)> Rates()
    {
        foreach (var silo in Silos.Values)
        {
            foreach (var (number, rate) in silo.Methods)
            {
                if (number < silo.Names.Count) yield return (silo.Names[number], rate);
            }
        }
    }

    private MethodRow Method(string name, string kind, (MethodName Name, MethodRate Rate)[] silos)
    {
        if (silos.Length == 0) return new MethodRow(name, kind, 0, 0, null, 0, null, null, null, null);
        SortedDictionary<string, double>? errors = null;
        foreach (var (_, rate) in silos)
        {
            for (var code = 0; rate.Errors is not null && code < rate.Errors.Length && code < s_codes.Length; code++)
            {
                if (rate.Errors[code] <= 0) continue;
                errors ??= new SortedDictionary<string, double>(StringComparer.Ordinal);
                errors[s_codes[code]] = Round(errors.GetValueOrDefault(s_codes[code]) + rate.Errors[code]);
            }
        }

        // One class of grains serves it, as a rule.
        var windows = silos.Select(s => s.Name).DistinctBy(n => n.GrainType).Select(WindowOf).ToArray();
        var durations = windows.Length == 1 ? windows[0] : Together(windows);
        return new MethodRow(
            name, kind, Round(silos.Sum(s => s.Rate.CallsPerSecond)), Round(silos.Sum(s => s.Rate.ErrorsPerSecond)), errors, silos.Sum(s => s.Rate.InFlight),
            durations.Quantile(0.5), durations.Quantile(0.95), durations.Quantile(0.99), durations.Max());
    }

    private GraphNode Node(string type, IEnumerable<(MethodName Name, MethodRate Rate)> rates)
    {
        var service = FindService(type);
        return new GraphNode(
            Id(type), service is null ? "grain" : "service", service?.Name ?? type, service?.Owner,
            Round(rates.Sum(r => r.Rate.CallsPerSecond)), Round(rates.Sum(r => r.Rate.ErrorsPerSecond)), Together(_methods.Where(m => m.Key.Type == type).Select(m => m.Value)).Quantile(0.99));
    }

    private static string Id(string type) => type.Length == 0 ? "gateways" : "grain:" + type;

    private string? ServiceOf(string type) => FindService(type)?.Name;

    private Rpc.Catalog.RpcService? FindService(string type) => _methods.Keys.Where(m => m.Type == type).Select(m => services.Find(m.Interface)).FirstOrDefault(s => s is not null);

    private DurationWindow WindowOf(MethodName name)
    {
        var key = (name.GrainType, name.Interface, name.Method);
        if (!_methods.TryGetValue(key, out var window)) _methods.Add(key, window = new DurationWindow());
        return window;
    }

    private EdgeSeries EdgeOf(EdgeFigures edge)
    {
        if (!_edges.TryGetValue((edge.From, edge.To), out var series)) _edges.Add((edge.From, edge.To), series = new EdgeSeries());
        return series;
    }

    private static DurationWindow Together(IEnumerable<DurationWindow> windows)
    {
        var all = new DurationWindow();
        foreach (var window in windows) all.Add(window);
        return all;
    }

    private static string Code(int code) => (uint)code < (uint)s_codes.Length ? s_codes[code] : "UNKNOWN";

    private static string? Text(string text) => text.Length == 0 ? null : text;

    private static double Round(double value) => value >= 100 ? Math.Round(value) : Math.Round(value, 2);

    /// <summary>Calls between two grain types: averages over some ten seconds, since they come from samples.</summary>
    private sealed class EdgeSeries
    {
        private const double Keep = 0.9;

        internal double Calls { get; private set; }

        internal double Errors { get; private set; }

        internal DurationWindow Durations { get; } = new();

        internal void Age()
        {
            (Calls, Errors) = (Calls * Keep < 0.001 ? 0 : Calls * Keep, Errors * Keep);
            Durations.Age();
        }

        internal void Add(EdgeFigures now, EdgeFigures? before)
        {
            Calls += Math.Max(0, now.Calls - (before?.Calls ?? 0)) * (1 - Keep);
            Errors += Math.Max(0, now.Errors - (before?.Errors ?? 0)) * (1 - Keep);
            Durations.Add(now.Durations, before?.Durations);
        }
    }
}
