using Granary.Hosting;

namespace Granary.Engine.Membership;

/// <summary>The times of leases and failure detection, all by the clock of whoever measures. The table is in docs/membership.md.</summary>
internal sealed record LeaseTimings
{
    /// <summary>How long a silo may run turns after it sent a renewal that succeeded.</summary>
    internal TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What others wait beyond a lease: for clocks that run at different rates, and for turns that had begun.</summary>
    internal TimeSpan Margin { get; init; } = TimeSpan.FromSeconds(2);

    internal TimeSpan RenewPeriod { get; init; } = TimeSpan.FromMilliseconds(500);

    internal TimeSpan ProbePeriod { get; init; } = TimeSpan.FromSeconds(1);

    internal int ProbedSuccessors { get; init; } = 3;

    /// <summary>How long a beat must stand still after a refusal was seen.</summary>
    internal TimeSpan ProofDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a silo goes on beyond its lease when a majority is without the store too. Zero: never.</summary>
    internal TimeSpan MaxStoreOutage { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long rows of the dead are kept.</summary>
    internal TimeSpan DeadKept { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A renewal that has not been answered for so long is given up; its late answer still counts from when it was sent.</summary>
    internal TimeSpan RenewTimeout => RenewPeriod * 2;

    /// <summary>Reads of the table that are further apart than this have a gap between them: what stood still meanwhile is not held against anyone.</summary>
    internal TimeSpan MaxGap => RenewPeriod * 4;

    /// <summary>A beat that stands still for so long condemns its silo.</summary>
    internal TimeSpan Silence => Lease + Margin;

    /// <summary>By how much the slower of two clocks may fall behind the faster one.</summary>
    internal double Drift => Silence / Lease;

    /// <summary>A beat that stands still for so long condemns its silo even if a majority is silent: nobody goes on for so long without the store.</summary>
    internal TimeSpan LongSilence => (Lease + MaxStoreOutage) * Drift;

    /// <summary>A silo that renewed within so long says that it can.</summary>
    internal TimeSpan CanRenewWindow => Lease * 0.3;

    /// <summary>So long before its lease ends, a silo that cannot renew begins to ask others.</summary>
    internal TimeSpan AskLead => Lease * 0.3;

    internal TimeSpan AskPeriod => Lease / 10;

    /// <summary>How often one silo is dialled to see whether it is there, and a suspicion written again that got lost.</summary>
    internal TimeSpan RetryPeriod => RenewPeriod * 2;

    internal static LeaseTimings From(EngineOptions options) => new()
    {
        Lease = options.LeaseDuration,
        Margin = options.LeaseMargin,
        RenewPeriod = options.RenewPeriod,
        ProbePeriod = options.ProbePeriod,
        ProbedSuccessors = options.ProbedSuccessors,
        ProofDelay = options.ProofDelay,
        MaxStoreOutage = options.MaxStoreOutage,
        DeadKept = options.DeadSilosKept,
    };
}
