using Orleans.Runtime;

namespace Granary.Engine.Membership;

/// <summary>What a <see cref="FailureDetector"/> wants done. Its outcome, where it has one, goes back to the detector.</summary>
internal abstract record DetectorAction;

/// <summary>Renew the lease. Outcome: <see cref="FailureDetector.OnRenewed"/> or <see cref="FailureDetector.OnRenewFailed"/>.</summary>
/// <param name="Order">Later renewals have greater numbers.</param>
/// <param name="SentAt">When, by the silo's clock.</param>
/// <param name="SeenVersion">The version to send.</param>
internal sealed record RenewLease(long Order, TimeSpan SentAt, long SeenVersion) : DetectorAction;

/// <summary>Read the table: it has a newer view. Outcome: <see cref="FailureDetector.OnView"/>.</summary>
internal sealed record ReadTable : DetectorAction;

/// <summary>The table has lost this silo's row, and its other contents: write them again.</summary>
internal sealed record RegisterAgain : DetectorAction;

/// <summary>Ping a silo over its connection. Outcome: <see cref="FailureDetector.OnProbeFailed"/>, or nothing.</summary>
internal sealed record ProbeSilo(SiloAddress Silo) : DetectorAction;

/// <summary>Open a new connection to exactly this silo. Outcome: <see cref="FailureDetector.OnDialed"/>.</summary>
internal sealed record DialSilo(SiloAddress Silo) : DetectorAction;

/// <summary>Write the suspicion. Outcome: <see cref="FailureDetector.OnSuspected"/>.</summary>
internal sealed record SuspectSilo(SiloAddress Silo, long Beat) : DetectorAction;

/// <summary>Declare the silo dead. What comes of it is seen in the next view.</summary>
internal sealed record DeclareSiloDead(SiloAddress Silo, long Beat, string Reason) : DetectorAction;

/// <summary>Ask a silo for support. Outcome: <see cref="FailureDetector.OnAnswer"/>.</summary>
internal sealed record AskForSupport(SiloAddress Silo, long Round) : DetectorAction;

/// <summary>Run no turn any more, ever, and end the process.</summary>
internal sealed record Fence(string Reason) : DetectorAction;

/// <summary>What a silo answers when another one, which cannot renew its lease, asks for support.</summary>
internal enum SupportAnswer
{
    /// <summary>No support, and nothing else to say.</summary>
    None,

    /// <summary>This silo cannot renew either; it will not witness against the asker for a lease and its margin.</summary>
    Supported,

    /// <summary>This silo can renew: the store is there, the asker is what is cut off.</summary>
    CanRenew,

    /// <summary>The cluster has declared the asker dead.</summary>
    Dead,
}

/// <summary>What an attempt to connect to a silo showed.</summary>
internal enum DialOutcome
{
    /// <summary>Nothing: no answer in time, no route, a reset, an answer that makes no sense.</summary>
    Unknown,

    /// <summary>It is there.</summary>
    Alive,

    /// <summary>Nobody listens at its address, or another generation does.</summary>
    Gone,
}
