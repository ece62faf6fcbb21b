using System.Collections.Concurrent;
using System.Globalization;

namespace Granary.Cluster.Releases;

/// <summary>
/// Calls without a pause until it is told to stop, then reports. Never tries a call again: what does not succeed the first time has failed. Prints
/// <c>calls n</c> now and then, <c>failed why</c> for each failure, and at the end, for each basket, <c>added basket n</c>, how often a release that answered had found which release's state, <c>served by found n</c>, and
/// <c>end n</c> with the number of calls.
/// </summary>
internal sealed class Callers(ReleaseSettings settings, IGrainFactory grains)
{
    private const int CallsALine = 200;
    private const int RoundsALeave = 12;

    private readonly Caller _caller = new(grains);
    private readonly ConcurrentDictionary<string, long> _added = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(int By, int Found), long> _served = new();
    private long _calls;

    internal async Task RunAsync(CancellationToken stop)
    {
        await Task.WhenAll(Enumerable.Range(0, settings.Callers).Select(number => Task.Run(() => CallAsync(number, stop), CancellationToken.None)));
        foreach (var (basket, things) in _added) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"added {basket} {things}"));
        foreach (var ((by, found), times) in _served) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"served {by} {found} {times}"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"end {_calls}"));
    }

    private async Task CallAsync(int number, CancellationToken stop)
    {
        var random = new Random(number);
        for (var round = 0L; !stop.IsCancellationRequested; round++)
        {
            var basket = $"basket-{random.Next(settings.Baskets)}";
            await TryAsync(async () =>
            {
                var seen = await _caller.AddAsync(basket, 1);
                _added.AddOrUpdate(basket, 1, static (_, sum) => sum + 1);
                _served.AddOrUpdate((seen.Release, seen.Found), 1, static (_, sum) => sum + 1);
            });

            // One caller a basket, so that nobody else writes the note that it looks for.
            await TryAsync(() => _caller.OwnAsync($"own-{BasketGrain.Release}-{number}", round));
            if (round % RoundsALeave == number) await TryAsync(() => _caller.LeaveAsync(basket));
        }
    }

    private async Task TryAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (Exception error)
        {
            Console.WriteLine($"failed {error.GetType().Name}: {error.Message.ReplaceLineEndings(" ")}");
        }

        if (Interlocked.Increment(ref _calls) is var calls && calls % CallsALine == 0) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"calls {calls}"));
    }
}
