namespace Granary.Rpc.Retries;

/// <summary>
/// Decides whether and when a failed attempt is followed by another, for the calls of one target, which share a budget. Full jitter: the wait is anything up to the bound, so that many who failed together
/// do not return together. Thread-safe.
/// </summary>
/// <param name="options">The bounds.</param>
public sealed class RetryPolicy(RetryOptions options)
{
    private readonly RetryBudget _budget = new(options.BudgetRatio, options.BudgetReserve);

    /// <summary>A call has begun.</summary>
    public void Begin() => _budget.Deposit();

    /// <summary>Takes a retry from the budget, however long ago the first attempt was. False when it is used up.</summary>
    public bool TryTake() => _budget.TryTake();

    /// <summary>How long to wait before the next attempt; null when there is to be none.</summary>
    /// <param name="attempt">The attempts made, from 1.</param>
    /// <param name="retryAfter">What the other side asks for, or null.</param>
    /// <param name="left">The time left to the deadline.</param>
    /// <param name="isFree">Whether the attempt never reached anyone, and so counts nothing.</param>
    public TimeSpan? Next(int attempt, TimeSpan? retryAfter, TimeSpan left, bool isFree = false)
    {
        if (attempt >= options.Attempts) return null;
        var most = Math.Min(options.MaximumDelay.Ticks, options.FirstDelay.Ticks << Math.Min(attempt - 1, 20));
        var wait = TimeSpan.FromTicks((long)(most * Random.Shared.NextDouble()));
        if (retryAfter is { } asked && asked > wait) wait = asked;
        if (wait >= left) return null;
        return isFree || _budget.TryTake() ? wait : null;
    }
}
