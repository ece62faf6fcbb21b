namespace Granary.Benchmarks.Harness;

/// <summary>Several callers at once, each with one call outstanding.</summary>
internal static class Callers
{
    /// <summary>Runs <paramref name="count"/> callers on the thread pool; together they make <paramref name="calls"/> calls, or a few more so that each makes the same number.</summary>
    internal static Task RunAsync(int count, int calls, Func<int, int, Task> caller)
    {
        var each = (calls + count - 1) / count;
        var running = new Task[count];
        for (var i = 0; i < count; i++)
        {
            var number = i;
            running[i] = Task.Run(() => caller(number, each));
        }

        return Task.WhenAll(running);
    }
}
