using System.Collections.Frozen;
using Granary.Rpc.Catalog;
using Microsoft.Extensions.Logging;

namespace Granary.Gateway.Resilience;

/// <summary>The breakers of this gateway: one for each method. Thread-safe.</summary>
public sealed class Breakers
{
    private readonly FrozenDictionary<RpcMethod, Breaker> _breakers;
    private readonly GatewayInstruments _instruments;
    private readonly ILogger<Breakers> _log;

    internal Breakers(RpcCatalog catalog, GatewayOptions options, TimeProvider time, GatewayInstruments instruments, ILogger<Breakers> log)
    {
        _instruments = instruments;
        _log = log;
        Options = options.Breakers;
        _breakers = catalog.Services.SelectMany(s => s.Methods).ToFrozenDictionary(m => m, m => new Breaker(m.ToString(), Options, time, OnMoved));
        if (Options.Enabled) instruments.WatchBreakers(() => _breakers.Values.Where(b => b.Since is not null));
    }

    internal BreakerOptions Options { get; }

    internal Breaker this[RpcMethod method] => _breakers[method];

    /// <summary>How they are, by name.</summary>
    public IReadOnlyList<BreakerStatus> Read() =>
    [
        .. _breakers.Values.OrderBy(b => b.Name, StringComparer.Ordinal).Select(b =>
        {
            var (calls, failures) = b.Counts;
            return new BreakerStatus(b.Name, b.State, calls, failures, b.Since);
        }),
    ];

    /// <summary>Closes one.</summary>
    /// <param name="name">Its method's full name.</param>
    /// <returns>False when there is none of that name.</returns>
    public bool Reset(string name)
    {
        var breaker = _breakers.Values.FirstOrDefault(b => b.Name == name);
        breaker?.Reset();
        return breaker is not null;
    }

    private void OnMoved(Breaker breaker, int calls, int failures)
    {
        _instruments.BreakerMoved(breaker);
        switch (breaker.State)
        {
            case BreakerState.Open when calls > 0:
                GatewayLog.BreakerOpened(_log, breaker.Name, failures, calls, Options.OpenTime);
                break;
            case BreakerState.Open:
                GatewayLog.BreakerStaysOpen(_log, breaker.Name, Options.OpenTime);
                break;
            case BreakerState.Closed:
                GatewayLog.BreakerClosed(_log, breaker.Name);
                break;
        }
    }
}

/// <summary>How a breaker is.</summary>
/// <param name="Name">The method's full name.</param>
/// <param name="State">Where it is.</param>
/// <param name="Calls">Calls in its window.</param>
/// <param name="Failures">Those of them that failed.</param>
/// <param name="Since">When it came there; null if it has always been closed.</param>
public sealed record BreakerStatus(string Name, BreakerState State, int Calls, int Failures, DateTimeOffset? Since);
