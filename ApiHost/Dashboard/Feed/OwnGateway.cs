using System.Text.Json;
using Granary.Gateway;
using Granary.Gateway.Resilience;
using Granary.Telemetry;
using Granary.Telemetry.Statistics;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Granary.ApiHost.Dashboard.Feed;

/// <summary>This gateway's own report: rates are between a reading and the one before it. One thread at a time.</summary>
internal sealed class OwnGateway(GatewayStatistics statistics, IServer server, TimeProvider time)
{
    private const int MostBreakers = 200;

    private readonly DurationWindow _durations = new();
    private readonly long _startedAt = time.GetUtcNow().ToUnixTimeMilliseconds();
    private GatewayReading? _before;
    private long _readAt;
    private TimeSpan _cpu = Environment.CpuUsage.TotalTime;

    /// <summary>The name by which others know it.</summary>
    internal string Name { get; } = $"{Environment.MachineName}:{Environment.ProcessId}";

    /// <summary>Reads it anew.</summary>
    internal (GatewayReport Report, GatewayLimits Limits) Read(List<LevelOverride> levels, bool wantsLog, List<LogLine> log)
    {
        var now = time.GetTimestamp();
        var reading = statistics.Read();
        var seconds = _before is null ? 0 : time.GetElapsedTime(_readAt, now).TotalSeconds;
        var before = _before ?? reading;
        var cpu = Environment.CpuUsage.TotalTime;
        if (seconds > 0)
        {
            for (var passed = 0; passed < Math.Clamp((int)Math.Round(seconds), 1, 30); passed++) _durations.Age();
            _durations.Add(Figures(reading.Durations), Figures(before.Durations));
        }

        var limits = Limits(reading, before, seconds);
        var report = new GatewayReport
        {
            Name = Name,
            Address = server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? "",
            Release = ProductVersion.Text,
            StartedAt = _startedAt,
            CallsPerSecond = PerSecond(reading.Calls - before.Calls, seconds),
            ErrorsPerSecond = PerSecond(reading.Errors - before.Errors, seconds),
            InFlight = reading.InFlight,
            P50 = _durations.Quantile(0.5) ?? -1,
            P99 = _durations.Quantile(0.99) ?? -1,
            Cpu = seconds > 0 ? Math.Round(Math.Clamp((cpu - _cpu).TotalSeconds / seconds / Environment.ProcessorCount * 100, 0, 100), 1) : 0,
            Memory = Environment.WorkingSet,
            Limits = JsonSerializer.Serialize(limits, FeedJson.Default.GatewayLimits),
            Levels = levels,
            WantsLog = wantsLog,
            Log = log,
        };
        (_before, _readAt, _cpu) = (reading, now, cpu);
        return (report, limits);
    }

    private GatewayLimits Limits(GatewayReading now, GatewayReading before, double seconds)
    {
        var limits = before.RateLimits.ToDictionary(l => l.Policy, StringComparer.Ordinal);
        var bulkheads = before.Bulkheads.ToDictionary(b => b.Service, StringComparer.Ordinal);
        return new GatewayLimits(
            Name,
            [
                .. now.RateLimits.Select(l => new RateLimitRow(
                    l.Policy, l.Tokens, l.Period.TotalMilliseconds, l.Burst, l.Shared,
                    PerSecond(l.Granted - (limits.GetValueOrDefault(l.Policy)?.Granted ?? 0), seconds), PerSecond(l.Refused - (limits.GetValueOrDefault(l.Policy)?.Refused ?? 0), seconds))),
            ],
            now.RedisAway,
            new SheddingView(now.Shedding.Limit is not null, now.Shedding.Limit, now.Shedding.InFlight, now.Shedding.Waiting, PerSecond(now.Shedding.Refused - before.Shedding.Refused, seconds)),
            [.. now.Bulkheads.Select(b => new BulkheadRow(b.Service, b.InFlight, b.Limit, PerSecond(b.Refused - (bulkheads.GetValueOrDefault(b.Service)?.Refused ?? 0), seconds)))],
            [
                .. now.Breakers.OrderByDescending(b => b.State).ThenByDescending(b => b.Failures).Take(MostBreakers)
                    .Select(b => new BreakerRow(b.Name, StateName(b.State), b.Since?.ToUnixTimeMilliseconds(), b.Calls, b.Failures)),
            ],
            new RetriesView(PerSecond(now.Retries.Repeated - before.Retries.Repeated, seconds), PerSecond(now.Retries.GivenUp - before.Retries.GivenUp, seconds)),
            new HedgesView(PerSecond(now.Hedges.Sent - before.Hedges.Sent, seconds), PerSecond(now.Hedges.Won - before.Hedges.Won, seconds)));
    }

    private static string StateName(BreakerState state) => state switch { BreakerState.Open => "open", BreakerState.HalfOpen => "half-open", _ => "closed" };

    private static double PerSecond(long count, double seconds) => seconds <= 0 ? 0 : Math.Round(Math.Max(0, count) / seconds, 2);

    private static DurationFigures Figures(IReadOnlyList<long> counts) => new() { Counts = [.. counts] };
}
