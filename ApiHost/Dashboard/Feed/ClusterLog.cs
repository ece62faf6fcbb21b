using Granary.Rpc;
using Granary.Rpc.Cluster;
using Granary.Telemetry.Statistics;
using Orleans;
using Orleans.Runtime;

namespace Granary.ApiHost.Dashboard.Feed;

/// <summary>
/// The logs of all processes, gathered while a page shows them: silos are asked, the other gateways bring theirs. And their log levels, which are set on silos directly and told to gateways. Thread-safe but for
/// <see cref="GatherAsync"/>, which the sampler alone calls.
/// </summary>
internal sealed class ClusterLog(IGrainFactory grains, IClusterFeed cluster, ProcessLog own, GatewayExchange gateways, OwnGateway gateway, TimeProvider time, ILogger<ClusterLog> logger)
{
    private const int MostLines = 200;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly Dictionary<SiloAddress, (long Last, Task<LogPage>? Pull)> _silos = [];
    private long _ownLast = -1;
    private volatile IReadOnlyList<LogLevelView> _levels = [];

    internal LogRing Ring { get; } = new();

    /// <summary>The levels set at run time, as last gathered.</summary>
    internal IReadOnlyList<LogLevelView> Levels => _levels;

    private SiloAddress[] Members => [.. cluster.Current.Members.Where(m => m.IsRunning).Select(m => m.Address)];

    /// <summary>Takes in what came since the last time; what is not there in <paramref name="wait"/> is taken in the next time.</summary>
    internal async Task GatherAsync(LogLevel level, TimeSpan wait)
    {
        gateways.WantLog();
        var members = Members;
        foreach (var gone in _silos.Keys.Except(members).ToArray()) _silos.Remove(gone);
        foreach (var silo in members)
        {
            var known = _silos.GetValueOrDefault(silo, (-1, null));
            if (known.Pull is null) _silos[silo] = (known.Last, ReadAsync(silo, new LogQuestion { After = known.Last, Most = MostLines, Level = (int)level }));
        }

        await Task.WhenAny(Task.WhenAll(_silos.Values.Select(s => (Task)s.Pull!)), Task.Delay(wait, time));
        List<LogLevelView> levels = [];
        foreach (var (silo, (last, pull)) in _silos.ToArray())
        {
            if (!pull!.IsCompleted) continue;
            if (!pull.IsCompletedSuccessfully)
            {
                FeedLog.LogUnread(logger, silo, pull.Exception?.GetBaseException());
                _silos[silo] = (last, null);
                continue;
            }

            var page = pull.Result;
            Ring.Add(silo.ToParsableString(), page.Lines, last < 0 ? 0 : page.Missed);
            levels.AddRange(page.Levels.Select(o => View(silo.ToParsableString(), o)));
            _silos[silo] = (page.Last, null);
        }

        // A silo in this process has told it all.
        if (!gateways.HasSilo)
        {
            var page = own.Read(new LogQuestion { After = _ownLast, Most = MostLines, Level = (int)level });
            Ring.Add(gateway.Name, page.Lines, _ownLast < 0 ? 0 : page.Missed);
            _ownLast = page.Last;
            levels.AddRange(page.Levels.Select(o => View(gateway.Name, o)));
        }

        foreach (var other in gateways.Others)
        {
            Ring.Add(other.Name, other.Log, 0);
            levels.AddRange(other.Levels.Select(o => View(other.Name, o)));
        }

        _levels = InOrder(levels);
    }

    /// <summary>The levels of every process that answers, asked now.</summary>
    internal async Task<IReadOnlyList<LogLevelView>> LevelsAsync()
    {
        var asked = await Task.WhenAll(Members.Select(async silo =>
        {
            try
            {
                var page = await ReadAsync(silo, new LogQuestion { Most = 1, Level = (int)LogLevel.Critical });
                return page.Levels.Select(o => View(silo.ToParsableString(), o));
            }
            catch (Exception error)
            {
                FeedLog.LogUnread(logger, silo, error);
                return [];
            }
        }));
        var all = asked.SelectMany(a => a).Concat(gateways.Others.SelectMany(o => o.Levels.Select(l => View(o.Name, l))));
        if (!gateways.HasSilo) all = all.Concat(own.Levels().Select(o => View(gateway.Name, o)));
        return InOrder(all);
    }

    /// <summary>Carries an order out on one process or all; gives the processes that it reached and those that it did not.</summary>
    /// <exception cref="RpcException">There is no such process, or the order is not acceptable.</exception>
    internal async Task<LevelOutcome> OrderAsync(LevelOrder order)
    {
        var (silos, others) = (Members, gateways.Others.Select(g => g.Name).ToArray());
        var isSilo = order.Process.Length == 0 ? silos : [.. silos.Where(s => s.ToParsableString() == order.Process)];
        var isOwn = order.Process.Length == 0 || order.Process == gateway.Name;
        var isOther = order.Process.Length == 0 ? others : [.. others.Where(o => o == order.Process)];
        if (isSilo.Length == 0 && !isOwn && isOther.Length == 0)
            throw RpcException.Invalid("process", "is none; write the address of a silo or the name of a gateway as the dashboard shows them, or leave it out for all");

        List<string> reached = [];
        List<string> missed = [];
        try
        {
            if (isOwn) own.Obey(order);
        }
        catch (ArgumentException error)
        {
            throw RpcException.Invalid("category", error.Message);
        }

        if (isOwn) reached.Add(gateway.Name);

        // To the other gateways, which also tell their pages of it, and for silos that join from now on.
        var told = await TryAsync(() => grains.GetGrain<IGatewayExchange>(0).Order(order));
        (told ? reached : missed).AddRange(isOther);
        await Task.WhenAll(isSilo.Select(async silo =>
        {
            var done = await TryAsync(() => grains.StatisticsOf(silo).SetLevel(order));
            lock (reached) (done ? reached : missed).Add(silo.ToParsableString());
        }));
        gateways.Tell(order);
        return new LevelOutcome(reached, missed);
    }

    private async Task<bool> TryAsync(Func<Task> action)
    {
        try
        {
            using var deadline = RpcDeadline.Within(s_patience);
            await action().WaitAsync(s_patience, time);
            return true;
        }
        catch (Exception error)
        {
            FeedLog.OrderFailed(logger, error);
            return false;
        }
    }

    private async Task<LogPage> ReadAsync(SiloAddress silo, LogQuestion question)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var deadline = RpcDeadline.Within(s_patience);
        return await grains.StatisticsOf(silo).ReadLog(question).WaitAsync(s_patience, time);
    }

    private static LogLevelView[] InOrder(IEnumerable<LogLevelView> levels) => [.. levels.OrderBy(l => l.Category, StringComparer.Ordinal).ThenBy(l => l.Process, StringComparer.Ordinal)];

    private static LogLevelView View(string process, LevelOverride one) => new(process, one.Category, LogFilter.Name((LogLevel)one.Level), one.Until, one.By);
}

/// <summary>Where an order arrived.</summary>
/// <param name="Reached">Processes that have it, or will within seconds.</param>
/// <param name="Missed">Those that did not answer.</param>
internal sealed record LevelOutcome(IReadOnlyList<string> Reached, IReadOnlyList<string> Missed);
