using System.Diagnostics;
using Granary.Benchmarks.Local;

namespace Granary.Benchmarks.Cluster;

/// <summary>Grains that live in other processes, and how fast they are called.</summary>
internal sealed class RemoteGrains
{
    private static readonly Peer s_orleansLatency = new("Orleans 10.4", 33, 33, SameRun: false);
    private static readonly Budget s_latency = new(22);

    private readonly ICallGrain[] _grains;
    private readonly HashSet<string> _silos;

    private RemoteGrains(ICallGrain[] grains, HashSet<string> silos) => (_grains, _silos) = (grains, silos);

    internal IReadOnlyList<ICallGrain> Grains => _grains;

    /// <summary>Activates grains until there are enough in these silos, each with about as many.</summary>
    /// <param name="factory">The caller's.</param>
    /// <param name="silos">Where they must live.</param>
    /// <param name="count">How many in all.</param>
    /// <param name="fits">Which grains will do; without it, all.</param>
    /// <param name="name">Keeps the grains of several benchmarks apart.</param>
    /// <exception cref="CannotMeasureException">Hardly any are placed there.</exception>
    internal static async Task<RemoteGrains> FindAsync(IGrainFactory factory, IReadOnlyList<SiloAddress> silos, int count, Func<ICallGrain, bool>? fits = null, string name = "there")
    {
        var addresses = silos.Select(s => s.ToParsableString()).ToHashSet(StringComparer.Ordinal);
        var found = addresses.ToDictionary(a => a, _ => new List<ICallGrain>(), StringComparer.Ordinal);
        var each = (count + silos.Count - 1) / silos.Count;
        for (var i = 0; found.Values.Any(f => f.Count < each); i++)
        {
            if (i > count * 50) throw new CannotMeasureException($"of {i} grains only {found.Values.Sum(f => f.Count)} were placed in {string.Join(", ", addresses)}.");
            var grain = factory.GetGrain<ICallGrain>($"{name}{i}");
            if (fits is not null && !fits(grain)) continue;
            if (found.TryGetValue(await grain.Where(), out var there) && there.Count < each) there.Add(grain);
        }

        // One of each silo after the other, so that any number of callers is shared out evenly.
        return new RemoteGrains([.. Enumerable.Range(0, each).SelectMany(i => found.Values.Select(f => f[i]))], addresses);
    }

    internal async Task MeasureRateAsync(Session session, string benchmark, string what, int inFlight, Peer? peer, Budget? budget)
    {
        var rate = await Measurement.RateAsync(session, n => Callers.RunAsync(inFlight, n, async (caller, calls) =>
        {
            var grain = _grains[caller];
            for (var i = 0; i < calls; i++) await grain.MultiplyValue(7, i);
        }));
        await CheckAsync();
        session.Add(benchmark, what, rate, peer, budget);
    }

    /// <summary>The median time of one call when there is no other.</summary>
    internal async Task MeasureLatencyAsync(Session session, string benchmark, string what)
    {
        var grain = _grains[0];
        var calls = session.Quick ? 2_000 : 20_000;
        double[] medians = new double[session.Rounds], loops = new double[session.Rounds];
        var times = new double[calls];
        for (var round = 0; round < session.Rounds; round++)
        {
            loops[round] = CpuLoop.Run();
            for (var i = 0; i < calls; i++)
            {
                var start = Stopwatch.GetTimestamp();
                await grain.MultiplyValue(7, i);
                times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            }

            Array.Sort(times);
            medians[round] = Measurement.Median(times);
        }

        await CheckAsync();
        session.Add(benchmark, what, Measurement.Sum(Unit.Microseconds, medians, [], loops), s_orleansLatency, s_latency);
    }

    /// <summary>A call that crossed no connection would be a thousand times faster and prove nothing.</summary>
    private async Task CheckAsync()
    {
        foreach (var grain in _grains)
        {
            if (!_silos.Contains(await grain.Where())) throw new InvalidOperationException($"{grain.GetGrainId()} has left {string.Join(", ", _silos)} while it was measured: the figure is of something else.");
        }
    }
}
