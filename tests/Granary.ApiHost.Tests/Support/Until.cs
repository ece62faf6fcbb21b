namespace Granary.Tests;

/// <summary>Waits for what must become true, with a bound that only broken hosts reach.</summary>
internal static class Until
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(60);

    public static async Task HoldsAsync(Func<Task<bool>> condition, string what)
    {
        using var limit = new CancellationTokenSource(s_bound);
        while (!await condition())
        {
            Assert.False(limit.IsCancellationRequested, $"It did not happen within {s_bound}: {what}");
            await Task.Delay(20);
        }
    }
}
