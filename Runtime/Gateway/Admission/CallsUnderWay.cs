namespace Granary.Gateway.Admission;

/// <summary>Counts the calls of a partition that are under way. Thread-safe without a lock.</summary>
internal sealed class CallsUnderWay : IPartition
{
    private const int Forgotten = -1;

    private int _count;

    public int Count => Math.Max(0, Volatile.Read(ref _count));

    /// <summary>Counts one more call, unless there are that many; if it did, <see cref="Leave"/> must follow.</summary>
    /// <returns>False when it was forgotten: there is another one now.</returns>
    public bool TryEnter(int most, out bool entered)
    {
        while (true)
        {
            var before = Volatile.Read(ref _count);
            entered = before < most;
            if (before == Forgotten) return false;
            if (!entered || Interlocked.CompareExchange(ref _count, before + 1, before) == before) return true;
        }
    }

    public void Leave() => Interlocked.Decrement(ref _count);

    public bool TryForget(long now) => Interlocked.CompareExchange(ref _count, Forgotten, 0) == 0;
}
