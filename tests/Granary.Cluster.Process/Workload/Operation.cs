namespace Granary.Cluster.Workload;

/// <summary>How a call ended for its caller.</summary>
internal enum Outcome
{
    /// <summary>It has not ended.</summary>
    Open,

    /// <summary>An answer came: what was asked for is done.</summary>
    Acknowledged,

    /// <summary>The engine said that the call was not executed.</summary>
    Failed,

    /// <summary>An error that leaves open whether the call was executed: no answer in time, a connection lost while it ran, a store that did not answer.</summary>
    Unknown,
}

/// <summary>What was called.</summary>
internal enum Kind
{
    Increment,
    Transfer,
    NewGrain,
    ServerStream,
    ClientStream,
}

/// <summary>One call as its caller saw it. Times are ticks of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
internal sealed class Operation(Kind kind, string grain, long beganAt, TimeSpan deadline)
{
    internal Kind Kind { get; } = kind;

    internal string Grain { get; } = grain;

    internal long BeganAt { get; } = beganAt;

    /// <summary>How long it was allowed to take.</summary>
    internal TimeSpan Deadline { get; } = deadline;

    /// <summary>0 while it is open.</summary>
    internal long EndedAt { get; private set; }

    /// <summary>Set last, after everything else that tells of the end.</summary>
    internal Outcome Outcome => (Outcome)Volatile.Read(ref _outcome);

    internal Exception? Error { get; private set; }

    /// <summary>What an increment has made of the counter.</summary>
    internal long Value { get; set; }

    /// <summary>The silo that answered.</summary>
    internal string Silo { get; set; } = "";

    /// <summary>What was wrong with an acknowledged answer.</summary>
    internal string? Fault { get; set; }

    private int _outcome;

    internal void End(Outcome outcome, Exception? error, long at)
    {
        Error = error;
        EndedAt = at;
        Volatile.Write(ref _outcome, (int)outcome);
    }
}
