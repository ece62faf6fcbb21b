namespace Granary.Benchmarks.Harness;

/// <summary>What someone else needs for the same work.</summary>
/// <param name="Name">Who.</param>
/// <param name="Low">The figure, or the lower end of its range, in the unit of the figure it stands beside.</param>
/// <param name="High">The upper end; equal to <paramref name="Low"/> for one value.</param>
/// <param name="SameRun">Measured in this run, on this machine. False: published with the budgets, from 2-core machines of the same kind.</param>
internal sealed record Peer(string Name, double Low, double High, bool SameRun);

/// <summary>What the design allows.</summary>
/// <param name="Limit">The bound, in the unit of the figure; in ratios when <paramref name="OnRatio"/>.</param>
/// <param name="OnRatio">The bound is on the ratio to the peer.</param>
internal sealed record Budget(double Limit, bool OnRatio = false);

/// <summary>One row of the table: the median of several rounds.</summary>
internal sealed record Figure
{
    internal required string Benchmark { get; init; }

    internal required string Name { get; init; }

    internal required Unit Unit { get; init; }

    /// <summary>The median round.</summary>
    internal required double Value { get; init; }

    /// <summary>The lowest round.</summary>
    internal required double Low { get; init; }

    /// <summary>The highest round.</summary>
    internal required double High { get; init; }

    /// <summary>Bytes allocated in this process for one operation; null where that says nothing.</summary>
    internal double? Allocated { get; init; }

    /// <summary>Processor time of one operation in this process, nanoseconds: what a busy machine changes least. Null where that says nothing.</summary>
    internal double? Processor { get; init; }

    /// <summary>How much longer the fixed CPU loop took around these rounds than at its best in this run: 1 on an idle machine.</summary>
    internal double Slowness { get; init; } = 1;

    internal Peer? Peer { get; init; }

    internal Budget? Budget { get; init; }

    /// <summary>Above 1: better than the peer, whichever way the unit goes. Against a range it is the peer's better end.</summary>
    internal double? Ratio => Peer is null ? null : Unit.MoreIsBetter ? Value / Peer.High : Peer.Low / Value;

    /// <summary>Whether the budget is met; null without one.</summary>
    internal bool? Met => Budget switch
    {
        null => null,
        { OnRatio: true } => Ratio >= Budget.Limit,
        _ => Unit.MoreIsBetter ? Value >= Budget.Limit : Value <= Budget.Limit,
    };

    /// <summary>A figure that is one value, not a median.</summary>
    internal static Figure Single(string benchmark, string name, Unit unit, double value, Peer? peer = null, Budget? budget = null) =>
        new() { Benchmark = benchmark, Name = name, Unit = unit, Value = value, Low = value, High = value, Peer = peer, Budget = budget };
}
