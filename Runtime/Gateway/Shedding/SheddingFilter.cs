using System.Collections.Frozen;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Granary.Gateway.Resilience;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Shedding;

/// <summary>
/// Refuses what the process cannot do in time, so that it does the rest well. Calls that answer once count from here to their end; streams, which may be idle for hours, are only looked at when they begin.
/// Allocates nothing while there is no overload.
/// </summary>
internal sealed class SheddingFilter : IRpcFilter, IDisposable
{
    // How often it is looked, and how often under overload.
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_shortPeriod = TimeSpan.FromMilliseconds(20);

    private readonly SheddingOptions _options;
    private readonly FrozenDictionary<RpcMethod, CallPriority> _priorities;
    private readonly GatewayInstruments _instruments;
    private readonly CallGate _gate;
    private readonly OverloadLimit _limit;
    private readonly ITimer? _timer;
    private TimeSpan _expected;
    private long _askedAt;
    private volatile bool _isLooking = true;
    private int _ended;
    private int _refused;

    /// <exception cref="OptionsValidationException">A priority is of a service or method that there is not.</exception>
    public SheddingFilter(RpcCatalog catalog, IOptions<GatewayOptions> options, TimeProvider time, GatewayInstruments instruments)
    {
        _options = options.Value.Shedding;
        _instruments = instruments;
        _gate = new CallGate(time, int.MaxValue, _options.Queue, newestFirst: true);
        _limit = new OverloadLimit(_options, time, _gate);
        _priorities = catalog.Services.SelectMany(s => s.Methods).ToFrozenDictionary(m => m, Configured);
        Check(catalog);
        if (!_options.Enabled) return;
        instruments.WatchShedding(_gate);

        // The real clock, whatever clock calls have: threads wait in real time.
        using (ExecutionContext.SuppressFlow()) _timer = TimeProvider.System.CreateTimer(static filter => ThreadPool.UnsafeQueueUserWorkItem(static f => f.Look(), (SheddingFilter)filter!, preferLocal: false), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Expect(s_period);
    }

    public int Order => RpcStage.Shedding;

    internal CallGate Gate => _gate;

    public bool Supports(RpcMethod method) => _options.Enabled;

    public ValueTask InvokeAsync(RpcCall call, RpcNext next)
    {
        if (_limit.IsLimited && IsUnlucky(call)) return Refuse(call);
        if (call.Method.Kind != RpcMethodKind.Unary) return HasRoom(call) ? next(call) : Refuse(call);
        return _gate.TryEnter(_limit.IsLimited ? PriorityOf(call) : CallPriority.Normal) ? RunAsync(call, next) : WaitAsync(call, next);
    }

    /// <summary>Leaves the limit as it is from now on.</summary>
    internal void StopLooking()
    {
        _isLooking = false;
        _timer?.Dispose();
    }

    public void Dispose()
    {
        StopLooking();
        _gate.Dispose();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask RunAsync(RpcCall call, RpcNext next)
    {
        try
        {
            await next(call);
        }
        finally
        {
            _gate.Leave();
            if (_limit.IsLimited || call.Error is not null) Note(call);
        }
    }

    private async ValueTask WaitAsync(RpcCall call, RpcNext next)
    {
        if (await _gate.WaitAsync(PriorityOf(call), call.Patience(_options.Wait))) await RunAsync(call, next);
        else await Refuse(call);
    }

    private bool HasRoom(RpcCall call)
    {
        if (!_gate.TryEnter(_limit.IsLimited ? PriorityOf(call) : CallPriority.Normal)) return false;
        _gate.Leave();
        return true;
    }

    private ValueTask Refuse(RpcCall call)
    {
        var priority = PriorityOf(call);
        _instruments.Shed(priority);
        if (Activity.Current is { IsAllDataRequested: true } span) span.SetTag("granary.shed", priority.ToString());
        call.Error = new RpcException(StatusCode.Unavailable, "more is asked of this host than it can do; try again later")
        {
            Reason = "OVERLOADED",

            // Spread, so that those who were refused together do not return together.
            RetryAfter = TimeSpan.FromSeconds(1 + Random.Shared.NextDouble()),
        };
        return default;
    }

    private bool IsUnlucky(RpcCall call)
    {
        var part = _limit.Part;
        if (part == 0) return false;
        var priority = PriorityOf(call);
        if (priority == CallPriority.High) return false;
        return Random.Shared.NextDouble() < (priority == CallPriority.Batch ? 2 * part : part);
    }

    private CallPriority PriorityOf(RpcCall call)
    {
        var priority = _options.HighRole.Length > 0 && call.Caller.IsInRole(_options.HighRole) ? CallPriority.High : _priorities[call.Method];
        return string.Equals(call.GetHeader("x-granary-priority"), "batch", StringComparison.OrdinalIgnoreCase) ? CallPriority.Batch : priority;
    }

    private CallPriority Configured(RpcMethod method) =>
        _options.Priorities.TryGetValue($"{method.Service.Name}/{method.Name}", out var ofMethod) ? ofMethod
        : _options.Priorities.TryGetValue(method.Service.Name, out var ofService) ? ofService
        : method.Priority;

    private void Check(RpcCatalog catalog)
    {
        var known = catalog.Services.Select(s => s.Name).Concat(catalog.Services.SelectMany(s => s.Methods.Select(m => $"{s.Name}/{m.Name}"))).ToHashSet(StringComparer.Ordinal);
        string[] faults = [.. _options.Priorities.Keys.Where(k => !known.Contains(k)).Select(k => $"Granary:Shedding:Priorities holds '{k}', and there is no such service or method. Write a service, for example devices, or a method of one, devices/Ingest.")];
        if (faults.Length > 0) throw new OptionsValidationException(nameof(GatewayOptions), typeof(GatewayOptions), faults);
    }

    private void Note(RpcCall call)
    {
        Interlocked.Increment(ref _ended);
        if (call.Error is { Code: StatusCode.ResourceExhausted, InnerException: { } inner } && inner.GetType().Name == "GatewayTooBusyException") Interlocked.Increment(ref _refused);
    }

    // Late by as long as work waits for a thread: this is queued as work is. The callback of a timer itself would not do, since the pool runs those before everything else.
    private void Look()
    {
        if (!_isLooking) return;
        var late = TimeProvider.System.GetElapsedTime(_askedAt) - _expected;
        var (ended, refused) = (Interlocked.Exchange(ref _ended, 0), Interlocked.Exchange(ref _refused, 0));
        _limit.Observe(late > TimeSpan.Zero ? late : TimeSpan.Zero, refused > 0 && refused * 10 >= ended);
        Expect(_limit.IsTense ? s_shortPeriod : s_period);
    }

    private void Expect(TimeSpan period)
    {
        _expected = period;
        _askedAt = TimeProvider.System.GetTimestamp();
        _timer!.Change(period, Timeout.InfiniteTimeSpan);
    }
}
