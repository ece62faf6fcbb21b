using Granary.Telemetry.Logs;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Granary.Telemetry.Statistics;

/// <summary>Where the gateways of a cluster tell each other how they are: one grain, key 0. Its calls never wait for each other.</summary>
[Alias("granary.gateways")]
internal interface IGatewayExchange : IGrainWithIntegerKey
{
    /// <summary>Leaves the caller's report and gives those of the others that came in the last seconds.</summary>
    [AlwaysInterleave]
    Task<GatewayNews> Exchange(GatewayReport mine);

    /// <summary>Tells every gateway of an order within their next exchange. One that sets a level for all processes is kept for as long as it holds, for those that join later.</summary>
    [AlwaysInterleave]
    Task Order(LevelOrder order);

    /// <summary>The levels that are set for all processes, each for the time that is left.</summary>
    [AlwaysInterleave]
    Task<List<LevelOrder>> Orders();

    /// <summary>The caller stops: it is forgotten at once.</summary>
    [AlwaysInterleave]
    Task Leave(string name);
}

/// <summary>How one gateway is.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class GatewayReport
{
    /// <summary>Tells gateways apart: the host's name and the process.</summary>
    [Id(0)]
    public string Name { get; init; } = "";

    /// <summary>The first address it serves.</summary>
    [Id(1)]
    public string Address { get; init; } = "";

    [Id(2)]
    public string Release { get; init; } = "";

    /// <summary>Unix milliseconds.</summary>
    [Id(3)]
    public long StartedAt { get; init; }

    [Id(4)]
    public double CallsPerSecond { get; init; }

    [Id(5)]
    public double ErrorsPerSecond { get; init; }

    [Id(6)]
    public long InFlight { get; init; }

    /// <summary>Milliseconds; negative when there were no calls.</summary>
    [Id(7)]
    public double P50 { get; init; }

    [Id(8)]
    public double P99 { get; init; }

    /// <summary>0 to 100 of all cores.</summary>
    [Id(9)]
    public double Cpu { get; init; }

    /// <summary>Bytes.</summary>
    [Id(10)]
    public long Memory { get; init; }

    /// <summary>What its stages know, as the dashboard's JSON.</summary>
    [Id(11)]
    public string Limits { get; init; } = "";

    /// <summary>The log levels that were set at run time.</summary>
    [Id(12)]
    public List<LevelOverride> Levels { get; init; } = [];

    /// <summary>Whether somebody there looks at the log, so that the others bring theirs.</summary>
    [Id(13)]
    public bool WantsLog { get; init; }

    /// <summary>Its log since it last brought some, when somebody elsewhere looks.</summary>
    [Id(14)]
    public List<LogLine> Log { get; init; } = [];
}

/// <summary>What a gateway hears from the others.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class GatewayNews
{
    [Id(0)]
    public List<GatewayReport> Others { get; init; } = [];

    /// <summary>The orders of the last seconds, and those that hold for all processes.</summary>
    [Id(1)]
    public List<LevelOrder> Orders { get; init; } = [];
}

/// <summary>
/// The reports of the last seconds, in memory: when the grain moves, the next exchange brings them again. Orders it forgets then; who has heard them keeps to them.
/// </summary>
[GrainType(TypeName)]
internal sealed class GatewayExchangeGrain(TimeProvider time) : Grain, IGatewayExchange
{
    internal const string TypeName = "granary.gateways";

    private const int MostGateways = 200;
    private const int MostText = 256;
    private const int MostLimits = 64 * 1024;

    /// <summary>Lines of a log that a report may carry.</summary>
    internal const int MostLines = 200;

    private const int MostOrders = 200;

    private static readonly TimeSpan s_fresh = TimeSpan.FromSeconds(7);

    /// <summary>Longer than any gateway that is there needs to hear of it.</summary>
    private static readonly TimeSpan s_heard = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, (GatewayReport Report, DateTimeOffset At)> _reports = new(StringComparer.Ordinal);
    private readonly List<(LevelOrder Order, DateTimeOffset At)> _orders = [];

    public Task<GatewayNews> Exchange(GatewayReport mine)
    {
        var now = time.GetUtcNow();
        Forget(now);
        if (mine.Name.Length is 0 or > MostText || mine.Address.Length > MostText || mine.Release.Length > MostText || mine.Limits.Length > MostLimits || mine.Log.Count > MostLines)
            throw new ArgumentException($"A gateway's report has a name of 1 to {MostText} characters, texts of at most {MostText}, limits of at most {MostLimits} and {MostLines} lines of its log.", nameof(mine));
        if (_reports.Count < MostGateways || _reports.ContainsKey(mine.Name)) _reports[mine.Name] = (mine, now);
        return Task.FromResult(new GatewayNews
        {
            Others = [.. _reports.Values.Where(r => r.Report.Name != mine.Name).Select(r => r.Report).OrderBy(r => r.Name, StringComparer.Ordinal)],
            Orders = [.. _orders.Select(o => Left(o.Order, now - o.At))],
        });
    }

    public Task Order(LevelOrder order)
    {
        var now = time.GetUtcNow();
        Forget(now);

        // What one process was told stays with it; what all are told takes the place of what they were told before.
        if (order.Process.Length == 0) _orders.RemoveAll(o => o.Order.Process.Length == 0 && o.Order.Category.Equals(order.Category, StringComparison.OrdinalIgnoreCase));
        if (_orders.Count >= MostOrders) throw new ArgumentException($"More than {MostOrders} log levels are set, or were within {s_heard.TotalSeconds} s. Take some back, or wait a little.", nameof(order));
        _orders.Add((order, now));
        return Task.CompletedTask;
    }

    public Task<List<LevelOrder>> Orders()
    {
        var now = time.GetUtcNow();
        Forget(now);
        return Task.FromResult<List<LevelOrder>>([.. _orders.Where(o => HoldsForAll(o, now)).Select(o => Left(o.Order, now - o.At))]);
    }

    public Task Leave(string name)
    {
        _reports.Remove(name);
        return Task.CompletedTask;
    }

    private void Forget(DateTimeOffset now)
    {
        foreach (var (name, (_, at)) in _reports.ToArray())
        {
            if (now - at > s_fresh) _reports.Remove(name);
        }

        _orders.RemoveAll(o => now - o.At > s_heard && !HoldsForAll(o, now));
    }

    private static bool HoldsForAll((LevelOrder Order, DateTimeOffset At) order, DateTimeOffset now) =>
        order.Order is { Process.Length: 0, Level: >= 0 } && now - order.At < TimeSpan.FromSeconds(order.Order.Seconds);

    private static LevelOrder Left(LevelOrder order, TimeSpan passed) => new()
    {
        Id = order.Id,
        Process = order.Process,
        Category = order.Category,
        Level = order.Level,
        Seconds = Math.Max(LogLevels.Lasting.Least.TotalSeconds, order.Seconds - passed.TotalSeconds),
        By = order.By,
    };
}
