namespace Granary.Rpc.Retries;

/// <summary>When a failed call is made again: one that surely did not run, or one whose method is <c>[ReadOnly]</c> or <c>[Idempotent]</c> and that ended with Unavailable; never after its deadline.</summary>
public sealed class RetryOptions
{
    /// <summary>How often a call is made at most, the first time included. 1 to 10; the default is 3.</summary>
    public int Attempts { get; set; } = 3;

    /// <summary>The longest wait before the first retry; each further one waits up to twice as long. The wait is a random part of it. 0 to 1 min; the default is 50 ms.</summary>
    public TimeSpan FirstDelay { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>No retry waits longer, unless the other side asks for it. Up to 1 min; the default is 1 s.</summary>
    public TimeSpan MaximumDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Retries as a share of calls, lest they bury a service that is struggling. 0 to 1; the default is 0.1. Calls that never reached anyone are not counted.</summary>
    public double BudgetRatio { get; set; } = 0.1;

    /// <summary>Retries that are possible beyond the share after a quiet time. 0 to 10,000; the default is 10.</summary>
    public int BudgetReserve { get; set; } = 10;
}
