using System.Text.Json;
using Granary.Rpc;
using Granary.Rpc.Cluster;
using Granary.Telemetry.Statistics;
using Orleans;

namespace Granary.ApiHost.Dashboard.Feed;

/// <summary>Tells the other gateways of the cluster how this one is, every two seconds, and keeps what they told. Thread-safe.</summary>
internal sealed class GatewayExchange(OwnGateway own, ProcessLog log, IGrainFactory grains, IEnumerable<ISiloInspector> silos, EventLog events, TimeProvider time, ILogger<GatewayExchange> logger) : BackgroundService
{
    private const int MostLines = 200;
    private const int MostOrders = 500;

    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan s_logged = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly HashSet<string> _heard = new(StringComparer.Ordinal);
    private readonly Queue<string> _heardOrder = new();
    private volatile Known _known = new([], [], []);
    private long _wantedAt = long.MinValue;
    private long _logLast = -1;
    private bool _othersWantLog;
    private Dictionary<string, GatewayReport> _seen = new(StringComparer.Ordinal);
    private Dictionary<string, GatewayLimits> _limitsSeen = new(StringComparer.Ordinal);

    /// <summary>All gateways, this one first.</summary>
    internal IReadOnlyList<GatewayRow> Gateways => _known.Rows;

    /// <summary>What the stages of each know.</summary>
    internal IReadOnlyList<GatewayLimits> Limits => _known.Limits;

    /// <summary>What the others last told.</summary>
    internal IReadOnlyList<GatewayReport> Others => _known.Others;

    /// <summary>Whether this process is a silo too, which tells of its log itself.</summary>
    internal bool HasSilo { get; } = silos.Any();

    /// <summary>Somebody here looks at the log: for some seconds from now on the others bring theirs.</summary>
    internal void WantLog() => Volatile.Write(ref _wantedAt, time.GetTimestamp());

    /// <summary>Notes an order among the events, once.</summary>
    internal bool Tell(LevelOrder order)
    {
        lock (_lock)
        {
            if (!_heard.Add(order.Id)) return false;
            _heardOrder.Enqueue(order.Id);
            if (_heardOrder.Count > MostOrders) _heard.Remove(_heardOrder.Dequeue());
        }

        var where = order.Process.Length == 0 ? "on all processes" : $"on {order.Process}";
        events.Add("log-level", "info", order.Category, order.Level < 0
            ? $"{order.By} let the configured log level of {order.Category} hold again {where}."
            : $"{order.By} set the log level of {order.Category} to {LogFilter.Name((LogLevel)order.Level)} {where} for {TimeSpan.FromSeconds(order.Seconds):c}.");
        return true;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            using var deadline = RpcDeadline.Within(TimeSpan.FromMilliseconds(500));
            await grains.GetGrain<IGatewayExchange>(0).Leave(own.Name).WaitAsync(cancellationToken);
        }
        catch (Exception error)
        {
            // The others miss it in some seconds.
            FeedLog.ExchangeFailed(logger, error);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        try
        {
            await RunAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops, perhaps before it has started: no error of ours.
        }
    }

    private async Task RunAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_period, time);
        do
        {
            var (mine, limits) = own.Read(log.Levels(), WantsLog, Log());
            GatewayNews? news = null;
            try
            {
                using var deadline = RpcDeadline.Within(s_period);
                news = await grains.GetGrain<IGatewayExchange>(0).Exchange(mine).WaitAsync(s_period, time, stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                // The cluster changes, or is not there yet: what the others told last stays until somebody answers.
                FeedLog.ExchangeFailed(logger, error);
            }

            try
            {
                Take(mine, limits, news?.Others);
                foreach (var order in news?.Orders ?? []) Obey(order);
            }
            catch (Exception error) when (error is ArgumentException or InvalidOperationException)
            {
                // What others report may be of another release, or wrong: it does not end this host.
                FeedLog.TickFailed(logger, error);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private bool WantsLog => Volatile.Read(ref _wantedAt) is > long.MinValue and var at && time.GetElapsedTime(at) < s_logged;

    private List<LogLine> Log()
    {
        if (!_othersWantLog || HasSilo)
        {
            _logLast = -1;
            return [];
        }

        var page = log.Read(new LogQuestion { After = _logLast, Most = MostLines });
        _logLast = page.Last;
        return page.Lines;
    }

    private void Obey(LevelOrder order)
    {
        // In a silo the order came to the silo already.
        if (!Tell(order) || HasSilo || (order.Process.Length > 0 && order.Process != own.Name)) return;
        try
        {
            log.Obey(order);
        }
        catch (ArgumentException error)
        {
            FeedLog.OrderFailed(logger, error);
        }
    }

    /// <summary>Takes in a round. <paramref name="others"/> is null when nobody answered.</summary>
    internal void Take(GatewayReport mine, GatewayLimits limits, List<GatewayReport>? others)
    {
        var isFirst = _seen.Count == 0;
        if (others is not null) _othersWantLog = others.Exists(o => o.WantsLog);
        var now = others is null ? new Dictionary<string, GatewayReport>(_seen, StringComparer.Ordinal) : others.DistinctBy(o => o.Name).ToDictionary(o => o.Name, StringComparer.Ordinal);
        now[mine.Name] = mine;
        foreach (var (name, report) in now)
        {
            if (!_seen.ContainsKey(name) && !(isFirst && name == mine.Name)) events.Add("gateway-joined", "good", name, $"The gateway {name} at {report.Address} serves.");
        }

        foreach (var name in _seen.Keys.Where(n => !now.ContainsKey(n))) events.Add("gateway-gone", "warning", name, $"The gateway {name} is gone.");
        var all = now.Values.Where(r => r.Name != mine.Name).Select(r => Parse(r)).OfType<GatewayLimits>().Prepend(limits).ToDictionary(l => l.Name, StringComparer.Ordinal);
        foreach (var (name, next) in all) Compare(name, _limitsSeen.GetValueOrDefault(name), next);
        (_seen, _limitsSeen) = (now, all);
        _known = new Known(
            [.. now.Values.OrderByDescending(r => r.Name == mine.Name).ThenBy(r => r.Name, StringComparer.Ordinal).Select(r => Row(r, r.Name == mine.Name))],
            [.. all.Values.OrderByDescending(l => l.Name == mine.Name).ThenBy(l => l.Name, StringComparer.Ordinal)],
            [.. now.Values.Where(r => r.Name != mine.Name)]);
    }

    private void Compare(string gateway, GatewayLimits? before, GatewayLimits now)
    {
        var states = before?.Breakers.ToDictionary(b => b.Method, b => b.State, StringComparer.Ordinal) ?? [];
        foreach (var breaker in now.Breakers)
        {
            var was = states.GetValueOrDefault(breaker.Method, "closed");
            if (breaker.State == was) continue;
            if (breaker.State == "open") events.Add("breaker-open", "bad", breaker.Method, $"The breaker of {breaker.Method} on {gateway} is open after {breaker.Failures} of {breaker.Calls} calls failed.");
            else if (breaker.State == "closed") events.Add("breaker-closed", "good", breaker.Method, $"The breaker of {breaker.Method} on {gateway} is closed again.");
        }

        if (now.Shedding.Active == (before?.Shedding.Active ?? false)) return;
        if (now.Shedding.Active) events.Add("shedding-began", "warning", gateway, $"The gateway {gateway} is overloaded: at most {now.Shedding.Limit} calls at a time.");
        else events.Add("shedding-ended", "good", gateway, $"The gateway {gateway} keeps up again.");
    }

    private GatewayLimits? Parse(GatewayReport report)
    {
        try
        {
            // Another release may write what this one does not know.
            return JsonSerializer.Deserialize(report.Limits, FeedJson.Default.GatewayLimits) is { Shedding: not null, Breakers: not null } limits ? limits with { Name = report.Name } : null;
        }
        catch (JsonException error)
        {
            FeedLog.ReportUnread(logger, report.Name, error);
            return null;
        }
    }

    private static GatewayRow Row(GatewayReport report, bool here) => new(
        report.Name, report.Address, report.Release, report.StartedAt, report.CallsPerSecond, report.ErrorsPerSecond, report.InFlight,
        report.P50 < 0 ? null : report.P50, report.P99 < 0 ? null : report.P99, report.Cpu, report.Memory, here);

    private sealed record Known(IReadOnlyList<GatewayRow> Rows, IReadOnlyList<GatewayLimits> Limits, IReadOnlyList<GatewayReport> Others);
}

/// <summary>What the feed logs.</summary>
internal static partial class FeedLog
{
    [LoggerMessage(3011, LogLevel.Debug, "The gateways could not exchange their reports.")]
    internal static partial void ExchangeFailed(ILogger logger, Exception error);

    [LoggerMessage(3012, LogLevel.Debug, "The report of the gateway {Gateway} is of a form that this release does not know.")]
    internal static partial void ReportUnread(ILogger logger, string gateway, Exception error);

    [LoggerMessage(3014, LogLevel.Debug, "The silo of {Grain} could not be asked about it.")]
    internal static partial void LookFailed(ILogger logger, Orleans.Runtime.GrainId grain, Exception? error);

    [LoggerMessage(3015, LogLevel.Debug, "The log of the silo {Silo} could not be read.")]
    internal static partial void LogUnread(ILogger logger, Orleans.Runtime.SiloAddress silo, Exception? error);

    [LoggerMessage(3016, LogLevel.Warning, "A log level could not be set.")]
    internal static partial void OrderFailed(ILogger logger, Exception error);

    [LoggerMessage(3013, LogLevel.Error, "The dashboard's figures could not be put together.")]
    internal static partial void TickFailed(ILogger logger, Exception error);
}
