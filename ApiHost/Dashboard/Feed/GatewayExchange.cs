using System.Text.Json;
using Granary.Rpc;
using Granary.Telemetry.Statistics;
using Orleans;

namespace Granary.ApiHost.Dashboard.Feed;

/// <summary>Tells the other gateways of the cluster how this one is, every two seconds, and keeps what they told. Thread-safe.</summary>
internal sealed class GatewayExchange(OwnGateway own, IGrainFactory grains, EventLog events, TimeProvider time, ILogger<GatewayExchange> logger) : BackgroundService
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(2);

    private volatile Known _known = new([], []);
    private Dictionary<string, GatewayReport> _seen = new(StringComparer.Ordinal);
    private Dictionary<string, GatewayLimits> _limitsSeen = new(StringComparer.Ordinal);

    /// <summary>All gateways, this one first.</summary>
    internal IReadOnlyList<GatewayRow> Gateways => _known.Rows;

    /// <summary>What the stages of each know.</summary>
    internal IReadOnlyList<GatewayLimits> Limits => _known.Limits;

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
        using var timer = new PeriodicTimer(s_period, time);
        do
        {
            var (mine, limits) = own.Read();
            List<GatewayReport>? others = null;
            try
            {
                using var deadline = RpcDeadline.Within(s_period);
                others = await grains.GetGrain<IGatewayExchange>(0).Exchange(mine).WaitAsync(s_period, time, stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                // The cluster changes, or is not there yet: what the others told last stays until somebody answers.
                FeedLog.ExchangeFailed(logger, error);
            }

            Take(mine, limits, others);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>Takes in a round. <paramref name="others"/> is null when nobody answered.</summary>
    internal void Take(GatewayReport mine, GatewayLimits limits, List<GatewayReport>? others)
    {
        var isFirst = _seen.Count == 0;
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
            [.. all.Values.OrderByDescending(l => l.Name == mine.Name).ThenBy(l => l.Name, StringComparer.Ordinal)]);
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

    private sealed record Known(IReadOnlyList<GatewayRow> Rows, IReadOnlyList<GatewayLimits> Limits);
}

/// <summary>What the feed logs.</summary>
internal static partial class FeedLog
{
    [LoggerMessage(3011, LogLevel.Debug, "The gateways could not exchange their reports.")]
    internal static partial void ExchangeFailed(ILogger logger, Exception error);

    [LoggerMessage(3012, LogLevel.Debug, "The report of the gateway {Gateway} is of a form that this release does not know.")]
    internal static partial void ReportUnread(ILogger logger, string gateway, Exception error);

    [LoggerMessage(3014, LogLevel.Debug, "The silo of {Grain} could not be asked about it.")]
    internal static partial void LookFailed(ILogger logger, Orleans.Runtime.GrainId grain, Exception error);

    [LoggerMessage(3013, LogLevel.Error, "The dashboard's figures could not be put together.")]
    internal static partial void TickFailed(ILogger logger, Exception error);
}
