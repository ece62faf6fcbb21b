using System.Collections.Frozen;
using Granary.Rpc.Cluster;
using Granary.Telemetry.Statistics;
using Orleans.Runtime;

namespace Granary.ApiHost.Dashboard.Feed;

/// <summary>
/// Puts the cluster's figures together once a second while a page is open, and not otherwise: each silo is asked by itself, at the same time, and one that does not answer in time is shown so without holding up
/// the others. Thread-safe.
/// </summary>
internal sealed class ClusterSampler(IClusterFeed cluster, SiloSource source, GatewayExchange gateways, OwnGateway own, ClusterLog log, ServiceIndex services, TimeProvider time, ILogger<ClusterSampler> logger) : IDisposable
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(1);

    /// <summary>How long a second waits for silos; their answers count in the next one.</summary>
    private static readonly TimeSpan s_wait = TimeSpan.FromMilliseconds(300);

    /// <summary>Seconds to go on after the last page was closed: it may only be loaded anew.</summary>
    private const int Linger = 10;

    private const int Slowest = 20;
    private const int GrainRows = 20;
    private const int MostGrains = 50;

    private readonly Lock _lock = new();
    private readonly HashSet<FeedView> _watching = new(ReferenceEqualityComparer.Instance);
    private readonly FeedHistory _history = new();
    private readonly CancellationTokenSource _stop = new();

    // The sampler's own, as what is below.
    private readonly Dictionary<GrainId, Task<(SiloAddress Silo, GrainFigures Figures)?>> _looks = [];
    private MethodHistory _methods = new();
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FeedTick _tick = FeedTick.None;
    private bool _runs;

    /// <summary>Whether silos are asked now.</summary>
    internal bool Runs
    {
        get
        {
            lock (_lock) return _runs;
        }
    }

    /// <summary>The newest second.</summary>
    internal FeedTick Current => Volatile.Read(ref _tick);

    /// <summary>A page shows this view until the result is disposed of; null when <paramref name="most"/> pages are open already.</summary>
    internal IDisposable? Watch(FeedView view, int most)
    {
        // Two pages with the same view are two.
        var page = view with { };
        lock (_lock)
        {
            if (_watching.Count >= most) return null;
            _watching.Add(page);
            if (!_runs)
            {
                _runs = true;
                using (ExecutionContext.SuppressFlow()) _ = Task.Run(RunAsync);
            }
        }

        return new Open(this, page);
    }

    /// <summary>The newest second, once it is another than the one seen.</summary>
    internal async Task<FeedTick> NextAsync(FeedTick seen, CancellationToken cancellation)
    {
        while (true)
        {
            var next = Volatile.Read(ref _next).Task;
            var current = Current;
            if (!ReferenceEquals(current, seen) && current.Number > 0) return current;
            await next.WaitAsync(cancellation);
        }
    }

    public void Dispose() => _stop.Cancel();

    private async Task RunAsync()
    {
        // What was known before the last page was closed is too old to compare with.
        var figures = new ClusterFigures(services);
        _methods = new MethodHistory();
        _looks.Clear();
        var idle = 0;
        using var timer = new PeriodicTimer(s_period, time);
        try
        {
            for (var second = 0L; ; second++)
            {
                FeedView[] views;
                lock (_lock)
                {
                    views = [.. _watching];
                    idle = views.Length == 0 ? idle + 1 : 0;
                    if (idle > Linger)
                    {
                        _runs = false;
                        return;
                    }
                }

                try
                {
                    await Task.WhenAll(AskAsync(figures, views), GatherLogAsync(views));
                    Publish(await MakeAsync(figures, views, second));
                }
                catch (Exception error) when (!_stop.IsCancellationRequested)
                {
                    FeedLog.TickFailed(logger, error);
                }

                await timer.WaitForNextTickAsync(_stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task AskAsync(ClusterFigures figures, FeedView[] views)
    {
        var wanted = views.Aggregate(FeedViews.Overview, (all, v) => all | v.Views);
        var members = cluster.Current.Members.Where(m => m.IsRunning).ToArray();
        foreach (var gone in figures.Silos.Keys.Except(members.Select(m => m.Address)).ToArray()) figures.Silos.Remove(gone);
        foreach (var member in members)
        {
            if (!figures.Silos.TryGetValue(member.Address, out var silo)) figures.Silos.Add(member.Address, silo = new SiloSeries());
            if (silo.Pull is not null) continue;
            silo.AskedAt = time.GetTimestamp();
            silo.Pull = source.ReadAsync(member.Address, new SiloQuestion
            {
                Epoch = silo.Epoch,
                KnownMethods = silo.Names.Count,
                Methods = wanted.HasFlag(FeedViews.Services) || wanted.HasFlag(FeedViews.Graph),
                Slowest = wanted.HasFlag(FeedViews.Services) ? Slowest : 0,
                Grains = wanted.HasFlag(FeedViews.Grains) ? GrainRows : 0,
                Edges = wanted.HasFlag(FeedViews.Graph),
            });
        }

        var all = Task.WhenAll(figures.Silos.Values.Select(s => (Task)s.Pull!));
        await Task.WhenAny(all, Task.Delay(s_wait, time));
        figures.Age();
        foreach (var silo in figures.Silos.Values) Take(figures, silo);
    }

    private void Take(ClusterFigures figures, SiloSeries silo)
    {
        var pull = silo.Pull!;
        if (!pull.IsCompleted)
        {
            if (time.GetElapsedTime(silo.AskedAt) >= SiloSource.Patience) silo.Miss(NoAnswer);
            return;
        }

        silo.Pull = null;
        if (pull.IsCompletedSuccessfully) figures.Take(silo, pull.Result);
        else silo.Miss(pull.Exception?.GetBaseException() is { } error and not TimeoutException ? error.Message : NoAnswer);
    }

    private static string NoAnswer => $"does not answer within {SiloSource.Patience.TotalSeconds} s";

    private async Task GatherLogAsync(FeedView[] views)
    {
        if (views.Select(v => v.Log?.Level).Min() is { } level) await log.GatherAsync(level, s_wait);
    }

    private async Task<FeedTick> MakeAsync(ClusterFigures figures, FeedView[] views, long second)
    {
        var wanted = views.Aggregate(FeedViews.Overview, (all, v) => all | v.Views);
        var at = time.GetUtcNow().ToUnixTimeMilliseconds();
        var totals = figures.Totals();
        _history.Add(at, totals);
        if (second % MethodHistory.StepSeconds == 0 && wanted.HasFlag(FeedViews.Services)) _methods.Add(figures.MethodRates());
        var overview = new OverviewMessage(at, own.Name, totals, [.. cluster.Current.Members.Select(figures.Row)], gateways.Gateways);
        var methods = _methods;
        return new FeedTick
        {
            Number = Current.Number + 1,
            Overview = FeedTick.Frame("overview", overview, FeedJson.Default.OverviewMessage),
            Services = wanted.HasFlag(FeedViews.Services) ? FeedTick.Frame("services", figures.Services(), FeedJson.Default.ServicesMessage) : default,
            Grains = wanted.HasFlag(FeedViews.Grains) ? FeedTick.Frame("grains", figures.Grains(), FeedJson.Default.GrainsMessage) : default,
            Limits = wanted.HasFlag(FeedViews.Limits) ? FeedTick.Frame("limits", new LimitsMessage(gateways.Limits), FeedJson.Default.LimitsMessage) : default,
            Graph = wanted.HasFlag(FeedViews.Graph) ? FeedTick.Frame("graph", figures.Graph(gateways.Gateways), FeedJson.Default.GraphMessage) : default,
            Levels = wanted.HasFlag(FeedViews.Logs) ? FeedTick.Frame("log-levels", new LogLevelsMessage(log.Levels), FeedJson.Default.LogLevelsMessage) : default,
            Looked = await LookAsync(figures, [.. views.Select(v => v.Grain).OfType<GrainId>().Distinct().Take(MostGrains)]),
            History = () => FeedTick.Frame("history", _history.Read(), FeedJson.Default.HistoryMessage),
            ServicesHistory = () => FeedTick.Frame("services-history", methods.Read(), FeedJson.Default.ServicesHistoryMessage),
        };
    }

    /// <summary>What the grains shown do. One whose silo needs longer than a second of the feed may take is told in a later one, and one that could not be asked about not at all: nothing is known of it.</summary>
    private async Task<IReadOnlyDictionary<GrainId, ReadOnlyMemory<byte>>> LookAsync(ClusterFigures figures, GrainId[] grains)
    {
        foreach (var gone in _looks.Keys.Except(grains).ToArray()) _looks.Remove(gone);
        foreach (var grain in grains)
        {
            if (!_looks.ContainsKey(grain)) _looks.Add(grain, source.LookAsync(grain));
        }

        if (_looks.Count == 0) return FrozenDictionary<GrainId, ReadOnlyMemory<byte>>.Empty;
        await Task.WhenAny(Task.WhenAll(_looks.Values), Task.Delay(s_wait, time));
        var frames = new Dictionary<GrainId, ReadOnlyMemory<byte>>();
        foreach (var (grain, look) in _looks.Where(l => l.Value.IsCompleted).ToArray())
        {
            _looks.Remove(grain);
            if (look.IsCompletedSuccessfully) frames.Add(grain, FeedTick.Frame("grain", figures.Grain(grain, look.Result), FeedJson.Default.GrainMessage));
            else FeedLog.LookFailed(logger, grain, look.Exception?.GetBaseException());
        }

        return frames;
    }

    private void Publish(FeedTick tick)
    {
        Volatile.Write(ref _tick, tick);
        Interlocked.Exchange(ref _next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    private void Leave(FeedView view)
    {
        lock (_lock) _watching.Remove(view);
    }

    private sealed class Open(ClusterSampler sampler, FeedView view) : IDisposable
    {
        public void Dispose() => sampler.Leave(view);
    }
}
