using Granary.Rpc;

namespace Granary.Client.Calls;

/// <summary>How one attempt of a call failed. Never leaves the client: its caller gets what is inside.</summary>
internal sealed class AttemptException : Exception
{
    /// <summary>The server's status, or ours for the connection.</summary>
    public AttemptException(RpcException error)
        : base(error.Message, error)
    {
        Error = error;
        Outcome = error;
    }

    /// <summary>The call's own end: its caller cancelled, its deadline passed, or the caller's stream threw.</summary>
    public AttemptException(Exception outcome)
        : base(outcome.Message, outcome)
    {
        Error = outcome as RpcException ?? new RpcException(StatusCode.Cancelled, outcome.Message, outcome);
        Outcome = outcome;
        MayRepeat = false;
    }

    /// <summary>As an error of the protocol.</summary>
    public RpcException Error { get; }

    /// <summary>What the caller gets.</summary>
    public Exception Outcome { get; }

    /// <summary>Whether surely no part of it was executed.</summary>
    public bool IsUnsent { get; init; }

    /// <summary>Whether another attempt makes sense at all.</summary>
    public bool MayRepeat { get; } = true;
}
