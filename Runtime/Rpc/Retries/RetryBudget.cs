namespace Granary.Rpc.Retries;

/// <summary>A bucket of tokens: each call adds a part of one, each retry takes one. Thread-safe.</summary>
/// <param name="ratio">The part of a token that each call adds, from 0 to 1.</param>
/// <param name="reserve">The most tokens there can be, and how many there are at first.</param>
public sealed class RetryBudget(double ratio, int reserve)
{
    private const long Token = 1000;

    private readonly long _deposit = (long)(ratio * Token);
    private readonly long _most = reserve * Token;
    private long _balance = reserve * Token;

    /// <summary>A call has begun.</summary>
    public void Deposit()
    {
        var balance = Volatile.Read(ref _balance);

        // Mostly full, and then nothing is written.
        while (balance < _most)
        {
            var before = Interlocked.CompareExchange(ref _balance, Math.Min(_most, balance + _deposit), balance);
            if (before == balance) return;
            balance = before;
        }
    }

    /// <summary>Takes a token for a retry. False when there is none.</summary>
    public bool TryTake()
    {
        var balance = Volatile.Read(ref _balance);
        while (balance >= Token)
        {
            var before = Interlocked.CompareExchange(ref _balance, balance - Token, balance);
            if (before == balance) return true;
            balance = before;
        }

        return false;
    }
}
