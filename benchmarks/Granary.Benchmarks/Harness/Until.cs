namespace Granary.Benchmarks.Harness;

/// <summary>Waits for a process to serve.</summary>
internal static class Until
{
    /// <summary>How long one question may take.</summary>
    internal static readonly TimeSpan OneAsk = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    /// <summary>Asks every 2 ms until the process can be reached and the answer is yes.</summary>
    /// <exception cref="CannotMeasureException">It ended, or did not answer in a minute.</exception>
    internal static async Task AnswersAsync(ChildProcess process, Func<Task<bool>> ask)
    {
        var end = Environment.TickCount64 + (long)s_patience.TotalMilliseconds;
        while (true)
        {
            if (process.HasExited) throw new CannotMeasureException($"the process ended before it served:\n{process.Errors}");
            if (Environment.TickCount64 > end) throw new CannotMeasureException($"the process did not serve within {s_patience.TotalSeconds:0} s:\n{process.Errors}");
            try
            {
                if (await ask()) return;
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
            {
                // Not listening yet.
            }

            await Task.Delay(2);
        }
    }
}
