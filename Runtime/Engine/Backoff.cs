namespace Granary.Engine;

/// <summary>How long to wait before trying again: doubled each time, half of it at random, so that many who failed together do not come back together.</summary>
/// <param name="firstMs">The first wait at most.</param>
/// <param name="mostMs">No wait is longer.</param>
internal struct Backoff(int firstMs = 100, int mostMs = 5_000)
{
    private int _failures;

    public Backoff()
        : this(100, 5_000)
    {
    }

    internal TimeSpan Next()
    {
        var most = Math.Min(mostMs, firstMs * (1L << Math.Min(_failures++, 20)));
        return TimeSpan.FromMilliseconds(most * (0.5 + (Random.Shared.NextDouble() / 2)));
    }

    /// <summary>The next wait is the first again.</summary>
    internal void Reset() => _failures = 0;
}
