namespace Granary.Rpc;

/// <summary>Which calls go first when not all can.</summary>
public enum CallPriority
{
    /// <summary>For those who run the service: a little more than the limit is theirs.</summary>
    High,

    /// <summary>What is not something else.</summary>
    Normal,

    /// <summary>What can wait: half of the limit at most, and behind all others.</summary>
    Batch,
}
