using System.Collections.Frozen;
using System.Diagnostics;
using Granary.Rpc.Catalog;
using Granary.Rpc.Retries;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Hedging;

/// <summary>
/// Sends a call that reads a second time when the first takes longer than most, and takes the first good answer; the other call is cancelled. It is the innermost part of a call's way, since only here are there two
/// attempts at once: everything further out sees one.
/// </summary>
internal sealed class HedgedCalls
{
    private readonly HedgingOptions _options;
    private readonly GatewayInstruments _instruments;
    private readonly FrozenDictionary<RpcMethod, Hedge> _hedges;

    /// <exception cref="OptionsValidationException">A method is named that does not exist, or that is not <c>[ReadOnly]</c>.</exception>
    public HedgedCalls(RpcCatalog catalog, IOptions<GatewayOptions> options, GatewayInstruments instruments)
    {
        _options = options.Value.Hedging;
        _instruments = instruments;
        var methods = catalog.Services.SelectMany(s => s.Methods).ToArray();
        var faults = new List<string>();
        _hedges = _options.Methods.SelectMany(name => Find(name, methods, faults)).Distinct().ToFrozenDictionary(m => m, _ => new Hedge(_options.BudgetRatio));
        if (faults.Count > 0) throw new OptionsValidationException("Hedging", typeof(HedgingOptions), faults);
    }

    public bool Takes(RpcMethod method) => _hedges.ContainsKey(method);

    /// <summary>Makes the call's attempts.</summary>
    /// <param name="call">The call; its request is the one that was answered, afterwards.</param>
    /// <param name="attempt">Makes one.</param>
    public async ValueTask InvokeAsync(RpcCall call, Func<RpcRequest, CancellationToken, ValueTask> attempt)
    {
        var hedge = _hedges[call.Method];
        hedge.Budget.Deposit();
        var begun = call.Time.GetTimestamp();
        using var firstEnd = CancellationTokenSource.CreateLinkedTokenSource(call.Cancellation);

        // Made before the first one runs, which may change what it was given.
        var spare = call.Request.Again();
        var running = attempt(call.Request, firstEnd.Token);
        if (running.IsCompleted)
        {
            await running;
            hedge.Latency.Record(call.Time.GetElapsedTime(begun));
            return;
        }

        call.Watch();
        var first = running.AsTask();
        if (await EndsSoonAsync(call, hedge, first) || !hedge.Budget.TryTake())
        {
            await first;
            hedge.Latency.Record(call.Time.GetElapsedTime(begun));
            return;
        }

        Activity.Current?.AddEvent(new ActivityEvent("hedge"));
        using var secondEnd = CancellationTokenSource.CreateLinkedTokenSource(call.Cancellation);
        var second = attempt(spare, secondEnd.Token).AsTask();
        var winner = await Task.WhenAny(first, second);
        if (!winner.IsCompletedSuccessfully)
        {
            var other = winner == first ? second : first;
            await ((Task)other).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (other.IsCompletedSuccessfully) winner = other;
        }

        if (winner == second && winner.IsCompletedSuccessfully) call.Request = spare;
        _instruments.Hedged(call.Method, secondWon: winner == second);
        hedge.Latency.Record(call.Time.GetElapsedTime(begun));
        await (winner == first ? secondEnd : firstEnd).CancelAsync();
        _ = (winner == first ? second : first).ContinueWith(static t => _ = t.Exception, default, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        await winner;
    }

    private async ValueTask<bool> EndsSoonAsync(RpcCall call, Hedge hedge, Task first)
    {
        if (hedge.Latency.Percentile(_options.Percentile) is not { } delay) return true;
        if (delay < _options.LeastDelay) delay = _options.LeastDelay;
        using var stop = new CancellationTokenSource();
        var isOver = await Task.WhenAny(first, Task.Delay(delay, call.Time, stop.Token)) == first;
        await stop.CancelAsync();
        return isOver || call.Cancellation.IsCancellationRequested;
    }

    private static RpcMethod[] Find(string name, RpcMethod[] methods, List<string> faults)
    {
        RpcMethod[] named = [.. methods.Where(m => name == $"{m.Service.Name}/{m.Name}" || name == $"{m.Service.Name}/*")];
        RpcMethod[] fit = [.. named.Where(m => m is { IsReadOnly: true, IsOneWay: false, Kind: RpcMethodKind.Unary })];
        if (named.Length == 0) faults.Add($"Granary:Hedging:Methods holds '{name}'; there is no such method. Write service/Method or service/*.");
        else if (fit.Length == 0) faults.Add($"Granary:Hedging:Methods holds '{name}'; only methods that are [ReadOnly] and answer once can be hedged. Take it out, or mark it.");
        return fit;
    }

    private sealed class Hedge(double ratio)
    {
        public LatencyEstimate Latency { get; } = new();

        public RetryBudget Budget { get; } = new(ratio, 10);
    }
}
