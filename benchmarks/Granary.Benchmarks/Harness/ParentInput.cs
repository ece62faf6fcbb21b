namespace Granary.Benchmarks.Harness;

/// <summary>
/// What the process that started this one writes to it. Waited for by a thread of its own: the console's asynchronous reads hold a thread of the pool, which with two processors is half of those that the pool begins with,
/// and would be measured with the rest.
/// </summary>
internal static class ParentInput
{
    /// <summary>The next line; null at the end.</summary>
    internal static Task<string?> LineAsync() => OnItsThread(Console.In.ReadLine);

    internal static Task EndAsync() => OnItsThread(Console.In.ReadToEnd);

    private static Task<T> OnItsThread<T>(Func<T> read) => Task.Factory.StartNew(read, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
