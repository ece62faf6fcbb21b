namespace Granary.Benchmarks.Http;

/// <summary>Loads hosts that all run, one after another, round by round, so that a slow moment of the machine falls on all of them: how many requests each answers, and the processor time of one.</summary>
internal sealed class HostsInTurns(IReadOnlyList<ApiHostProcess> hosts, Func<ApiHostProcess, TimeSpan, Task<LoadResult>> load)
{
    private readonly List<double>[] _rates = [.. hosts.Select(_ => new List<double>())];
    private readonly List<double>[] _processor = [.. hosts.Select(_ => new List<double>())];

    /// <summary>The fixed loop beside each round.</summary>
    internal List<double> Loops { get; } = [];

    /// <summary>Loads each host once, unmeasured.</summary>
    internal async Task WarmUpAsync(TimeSpan time)
    {
        foreach (var host in hosts) await load(host, time);
    }

    /// <summary>One round.</summary>
    /// <param name="time">How long each host is loaded.</param>
    /// <param name="loaded">Told of each load, by the host's number.</param>
    internal async Task RoundAsync(TimeSpan time, Func<int, LoadResult, Task>? loaded = null)
    {
        Loops.Add(CpuLoop.Run());
        for (var h = 0; h < hosts.Count; h++)
        {
            var before = hosts[h].Process.ProcessorTime;
            var result = await load(hosts[h], time);
            _rates[h].Add(result.RequestsPerSecond);
            _processor[h].Add((hosts[h].Process.ProcessorTime - before).TotalMicroseconds / result.Requests);
            if (loaded is not null) await loaded(h, result);
        }
    }

    /// <summary>Requests a second of a host.</summary>
    internal Measured Rate(int host) => Sum(Unit.PerSecond, _rates[host]);

    /// <summary>The processor time of one request at a host.</summary>
    internal Measured Processor(int host) => Sum(Unit.Microseconds, _processor[host]);

    /// <summary>Something else that was counted round by round.</summary>
    internal Measured Sum(Unit unit, List<double> values) => Measurement.Sum(unit, [.. values], [], [.. Loops]);
}
