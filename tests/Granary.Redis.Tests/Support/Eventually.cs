namespace Granary.Redis.Tests.Support;

internal static class Eventually
{
    /// <summary>Waits, for at most half a minute, until it is so.</summary>
    internal static Task True(Func<bool> isSo, string what) => True(() => Task.FromResult(isSo()), what);

    internal static async Task True(Func<Task<bool>> isSo, string what)
    {
        var deadline = Environment.TickCount64 + 30_000;
        while (!await isSo())
        {
            Assert.True(Environment.TickCount64 < deadline, $"It did not come about: {what}.");
            await Task.Delay(10);
        }
    }
}
