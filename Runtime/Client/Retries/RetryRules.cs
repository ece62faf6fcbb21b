using Granary.Client.Calls;
using Granary.Rpc;
using Granary.Rpc.Catalog;

namespace Granary.Client.Retries;

/// <summary>Decides whether and when a failed attempt is followed by another. Full jitter: the wait is anything up to the bound, so that many who failed together do not return together.</summary>
internal sealed class RetryRules(RetryOptions options)
{
    private readonly RetryBudget _budget = new(options.BudgetRatio, options.BudgetReserve);

    /// <summary>A call has begun.</summary>
    public void Begin() => _budget.Deposit();

    /// <summary>How long to wait before the next attempt; null when there is to be none.</summary>
    /// <param name="method">The method called.</param>
    /// <param name="attempt">The attempts made, from 1.</param>
    /// <param name="failure">How the last one ended.</param>
    /// <param name="left">The time left to the deadline.</param>
    public TimeSpan? Next(RpcMethod method, int attempt, AttemptException failure, TimeSpan left)
    {
        if (attempt >= options.Attempts || !failure.MayRepeat) return null;
        if (!failure.IsUnsent && (failure.Error.Code != StatusCode.Unavailable || !(method.IsReadOnly || method.IsIdempotent))) return null;
        var most = Math.Min(options.MaximumDelay.Ticks, options.FirstDelay.Ticks << Math.Min(attempt - 1, 20));
        var wait = TimeSpan.FromTicks((long)(most * Random.Shared.NextDouble()));
        if (failure.Error.RetryAfter is { } asked && asked > wait) wait = asked;
        if (wait >= left) return null;
        return failure.IsUnsent || _budget.TryTake() ? wait : null;
    }
}
