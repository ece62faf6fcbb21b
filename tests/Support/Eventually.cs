namespace Granary.Tests.Support;

/// <summary>Waits for what must become true, with a bound that only a broken engine reaches.</summary>
internal static class Eventually
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(20);

    internal static async Task HoldsAsync(Func<bool> condition, string what) => await HoldsAsync(() => Task.FromResult(condition()), what);

    internal static async Task HoldsAsync(Func<Task<bool>> condition, string what)
    {
        using var limit = new CancellationTokenSource(s_bound);
        while (!await condition())
        {
            Assert.False(limit.IsCancellationRequested, $"It did not happen within {s_bound}: {what}");
            await Task.Delay(2);
        }
    }

    internal static Task Within(this Task task) => task.WaitAsync(s_bound);

    internal static Task<T> Within<T>(this Task<T> task) => task.WaitAsync(s_bound);
}
