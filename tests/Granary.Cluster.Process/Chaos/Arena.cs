using System.Diagnostics;
using System.Globalization;
using Granary.Cluster.Harness;
using Granary.Cluster.Workload;

namespace Granary.Cluster.Chaos;

/// <summary>The cluster under load that faults are inflicted on, with the times that they need to know.</summary>
internal sealed class Arena(RealCluster cluster, Load load, Timings timings, Action<string> say)
{
    internal RealCluster Cluster { get; } = cluster;

    internal Load Load { get; } = load;

    internal Timings Timings { get; } = timings;

    /// <summary>When the fault took effect; recovery is counted from here.</summary>
    internal long Struck { get; private set; }

    /// <summary>The silos whose grains are hit.</summary>
    internal IReadOnlyList<string> Victims { get; private set; } = [];

    /// <summary>Their grains.</summary>
    internal IReadOnlyList<string> VictimGrains { get; private set; } = [];

    /// <summary>What went otherwise than the fault says it must.</summary>
    internal List<string> Surprises { get; } = [];

    internal void Say(string text) => say(text);

    /// <summary>The fault takes effect now: notes which grains live in its victims.</summary>
    internal void Strike(params IReadOnlyList<SiloProcess> victims)
    {
        Victims = [.. victims.Select(v => v.Address)];
        VictimGrains = [.. Load.Counters.Where(c => Victims.Contains(Load.SiloOf(c)))];
        Struck = Stopwatch.GetTimestamp();
    }

    internal static Task HoldAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System);

    /// <summary>Waits until the victims' grains are served, wherever.</summary>
    internal async Task ServedAsync(TimeSpan within)
    {
        var since = Struck;
        await Until.TrueAsync(() => !Load.NotServedSince(since).Intersect(VictimGrains, StringComparer.Ordinal).Any(), within, "the grains of the victims answer again");
    }

    /// <summary>Waits for the end of a silo that must not go on.</summary>
    internal async Task EndsAsync(SiloProcess silo, bool gracefully, TimeSpan within)
    {
        var code = await silo.ExitAsync(within);
        Say(string.Create(CultureInfo.InvariantCulture, $"{silo.Name} has ended with {code} after {Stopwatch.GetElapsedTime(Struck).TotalSeconds:0.0} s"));
        if (gracefully != (code == 0)) Surprises.Add($"{silo.Name} ended with {code}");
    }

    internal async Task RestartAsync(SiloProcess silo)
    {
        var next = await Cluster.RestartAsync(silo);
        Say($"{next.Name} is back as {next.Address}");
    }
}

/// <summary>The times of a run, which follow from the leases of its silos.</summary>
/// <param name="Lease">How long a silo may go without renewing.</param>
/// <param name="Margin">How much longer the others wait.</param>
/// <param name="RedisAway">How long Redis is gone.</param>
/// <param name="MaxRedisAway">How long silos are to go on without it.</param>
/// <param name="Cut">How long two silos are cut from each other.</param>
internal sealed record Timings(TimeSpan Lease, TimeSpan Margin, TimeSpan RedisAway, TimeSpan MaxRedisAway, TimeSpan Cut)
{
    internal static Timings Quick { get; } = new(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(6));

    internal static Timings Full { get; } = new(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(60), TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(20));

    /// <summary>What is waited for anything to come right again.</summary>
    internal TimeSpan Patience => ((Lease + Margin) * 2) + TimeSpan.FromSeconds(30);
}
