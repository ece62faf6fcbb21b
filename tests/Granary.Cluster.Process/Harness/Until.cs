using System.Diagnostics;

namespace Granary.Cluster.Harness;

/// <summary>Waits for a condition, with a bound.</summary>
internal static class Until
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    /// <exception cref="TimeoutException">The condition did not come true.</exception>
    internal static Task TrueAsync(Func<bool> condition, TimeSpan within, string what) => TrueAsync(() => Task.FromResult(condition()), within, what);

    /// <inheritdoc cref="TrueAsync(Func{bool}, TimeSpan, string)"/>
    internal static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan within, string what)
    {
        var start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(start) > within) throw new TimeoutException($"This did not come true within {within}: {what}.");
            await Task.Delay(s_pause, TimeProvider.System);
        }
    }
}
