namespace Granary.Gateway.Admission;

/// <summary>Where all gateways of a service keep their shared token buckets. Thread-safe.</summary>
internal interface ISharedTokens
{
    /// <summary>Says that this gateway is there.</summary>
    /// <returns>How many gateways have said so lately, this one included.</returns>
    /// <exception cref="Exception">The store did not answer in time.</exception>
    ValueTask<int> BeatAsync(TimeSpan timeout, CancellationToken cancellation);

    /// <summary>Says that this gateway goes away.</summary>
    ValueTask LeaveAsync();

    /// <summary>Takes tokens of a bucket, in one step. All times are the store's.</summary>
    /// <exception cref="Exception">The store did not answer in time; whether tokens were taken is not known.</exception>
    ValueTask<SharedAnswer> TakeAsync(SharedRequest request, TimeSpan timeout);
}

/// <summary>What is asked of a shared bucket; the bucket is first charged, then given back to, then taken from.</summary>
/// <param name="Policy">The policy's name.</param>
/// <param name="Partition">Which bucket of the policy.</param>
/// <param name="Interval">Microseconds in which one token comes in.</param>
/// <param name="Burst">The most tokens.</param>
internal readonly record struct SharedRequest(string Policy, string Partition, double Interval, int Burst)
{
    /// <summary>Tokens that were granted without the store, as it did not answer. As many as there are.</summary>
    public double Owed { get; init; }

    /// <summary>Tokens that were taken and not used.</summary>
    public int Back { get; init; }

    /// <summary>Tokens for calls that wait.</summary>
    public int Need { get; init; }

    /// <summary>Tokens for calls that may come, of which no more than a quarter of what is left is given.</summary>
    public int Ahead { get; init; }
}

/// <summary>What a shared bucket gave.</summary>
/// <param name="Granted">Tokens for those that wait.</param>
/// <param name="Ahead">Tokens for later.</param>
/// <param name="Remaining">Whole tokens left.</param>
/// <param name="FullIn">When the bucket is full.</param>
/// <param name="RetryIn">When it has a token; zero when it has one.</param>
internal readonly record struct SharedAnswer(int Granted, int Ahead, int Remaining, TimeSpan FullIn, TimeSpan RetryIn);
