using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Granary.Gateway.Sharing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Granary.Gateway.Redis;

/// <summary>The tables that the gateways of a service share, and what keeps this one's copies up to date.</summary>
internal sealed class RedisTables : BackgroundService, ISharedTables
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<string, RedisTable> _tables = new(StringComparer.Ordinal);
    private readonly GatewayStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger<RedisTables> _log;
    private readonly string _channel;
    private volatile TaskCompletionSource _told = New();

    public RedisTables(GatewayStore store, TimeProvider time, IMeterFactory meters, ILogger<RedisTables> log)
    {
        _store = store;
        _time = time;
        _log = log;
        _channel = store.Prefix + "tables";
        meters.Create(GatewayTelemetry.MeterName).CreateObservableGauge(
            "granary.gateway.shared.age",
            () => _tables.Values.Select(t => new Measurement<double>(t.Age.TotalSeconds, new KeyValuePair<string, object?>("granary.table", t.Name))),
            "s",
            "How long ago this gateway last compared its copy of a shared table (revocations, keys, blocks) with Redis.");
    }

    public ISharedTable Get(string name, int capacity)
    {
        var table = _tables.GetOrAdd(name, _ => new RedisTable(_store, name, _channel, capacity, _time, _log));
        _told.TrySetResult();
        return table;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var messages = _store.Connection.Subscribe(_channel, _ => _told.TrySetResult());
        while (!stoppingToken.IsCancellationRequested)
        {
            // Made anew before looking, so that what is told meanwhile is not missed.
            var told = _told = New();
            await Task.WhenAll(_tables.Values.Select(t => t.FollowAsync(stoppingToken))).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await told.Task.WaitAsync(s_interval, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
