namespace Orleans.Runtime;

/// <summary>Options of calls that return a stream.</summary>
public static class AsyncEnumerableExtensions
{
    /// <summary>The greatest number of elements that travel together. Before enumeration only; other streams are returned as they are.</summary>
    public static IAsyncEnumerable<T> WithBatchSize<T>(this IAsyncEnumerable<T> self, int maxBatchSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBatchSize, 1);
        if (self is IBatchedAsyncEnumerable batched)
            batched.MaxBatchSize = maxBatchSize;
        return self;
    }
}

/// <summary>The engine's streams, whose batches can be sized.</summary>
internal interface IBatchedAsyncEnumerable
{
    int MaxBatchSize { get; set; }
}
