using System.Diagnostics;
using System.Globalization;
using Granary.Cluster.Harness;
using Granary.Cluster.Workload;

namespace Granary.Cluster.Chaos;

/// <summary>
/// Breaks a cluster of three silos under load, one fault after the other, and checks what its callers and the witness have seen. What is broken when follows from the seed alone.
/// </summary>
internal sealed class ChaosRun(ChaosOptions options, IReadOnlyList<Fault> faults)
{
    private const int Silos = 3;
    private readonly List<Recovery> _recoveries = [];
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly long _began = Stopwatch.GetTimestamp();

    /// <returns>Whether nothing was wrong.</returns>
    internal async Task<bool> RunAsync()
    {
        var timings = options.Quick ? Timings.Quick : Timings.Full;
        var canMakeNamespaces = !options.Proxies && await NamespaceNetwork.IsPossibleAsync();
        Say($"seed {options.Seed}; the same faults again: ./chaos {(options.Quick ? "--quick " : "")}--seed {options.Seed}{(options.Faults.Count == 0 ? "" : " --faults " + string.Join(',', options.Faults))}");
        var schedule = Schedule().GetEnumerator();
        await using var cluster = await RealCluster.StartAsync(new RealClusterOptions
        {
            Silos = Silos,
            Network = canMakeNamespaces ? async () => await NamespaceNetwork.CreateAsync() : () => Task.FromResult<IClusterNetwork>(new ProxyNetwork()),
            Settings = new Dictionary<string, string>(RealClusterOptions.Leases(timings.Lease, timings.Margin), StringComparer.Ordinal)
            {
                ["Granary:Engine:MaxStoreOutage"] = timings.MaxRedisAway.ToString("c", CultureInfo.InvariantCulture),
            },
        });
        Say($"{Silos} silos over Redis, each with its own address ({cluster.Network.Kind}); leases of {timings.Lease.TotalSeconds:0} s");
        var load = new Load(cluster.Client, new LoadOptions(), options.Seed);
        load.Start();
        var arena = new Arena(cluster, load, timings, text => Say("  " + text));
        var isWell = await RunFaultsAsync(schedule, arena);
        Say("checking what callers were told against what is there");
        var findings = await CheckAsync(load);
        await cluster.Audit.ReadAsync();
        return Report(load, findings, cluster, isWell);
    }

    /// <summary>All faults in an order that only the seed decides, for ever; quickly, once.</summary>
    private IEnumerable<(Fault Fault, int Victim)> Schedule()
    {
        var random = new Random(options.Seed);
        do
        {
            var round = faults.ToArray();
            random.Shuffle(round);
            foreach (var fault in round) yield return (fault, random.Next(Silos));
        }
        while (!options.Quick);
    }

    /// <returns>Whether the cluster recovered from each.</returns>
    private async Task<bool> RunFaultsAsync(IEnumerator<(Fault Fault, int Victim)> schedule, Arena arena)
    {
        await arena.Load.ServedAsync(TimeSpan.FromSeconds(30));
        while ((options.Quick || Stopwatch.GetElapsedTime(_began) < options.Time) && schedule.MoveNext())
        {
            var (fault, victim) = schedule.Current;
            arena.Surprises.Clear();
            Say($"{fault.Name}: {fault.About} (victim {arena.Cluster.Silos[victim].Name})");
            try
            {
                await arena.Load.SpreadAsync(Silos, arena.Timings.Patience);
                await fault.InflictAsync(arena, victim);
                await arena.Load.ServedAsync(arena.Timings.Patience);
                await arena.Cluster.Client.KnowsAsync(Silos);
            }
            catch (Exception error) when (error is TimeoutException or InvalidOperationException or OrleansException)
            {
                Say($"  NOT RECOVERED: {error.Message}");
                Say(arena.Cluster.Logs(30));
                await NoteAsync(fault, arena);
                return false;
            }

            await NoteAsync(fault, arena);
        }

        return true;
    }

    /// <summary>A cluster that does not answer cannot be checked; that is then what is wrong.</summary>
    private static async Task<Findings> CheckAsync(Load load)
    {
        try
        {
            return await Checker.CheckAsync(load);
        }
        catch (Exception error) when (error is TimeoutException or OrleansException)
        {
            var findings = new Findings();
            findings.Broken.Add($"the state could not be read in the end: {error.Message}");
            return findings;
        }
    }

    private async Task NoteAsync(Fault fault, Arena arena)
    {
        await arena.Cluster.Audit.ReadAsync();
        var overlaps = arena.Cluster.Audit.Overlaps().Select(o => o.ToString()).Where(_seen.Add).ToArray();
        var recovery = Recovery.Of(fault, arena, Stopwatch.GetTimestamp(), overlaps.Length);
        foreach (var overlap in overlaps) Say($"  DOUBLE ACTIVATION: {overlap}");
        foreach (var (error, count) in recovery.Errors) Say(string.Create(CultureInfo.InvariantCulture, $"  {count} x {error}"));
        if (fault.LosesNoCall && recovery.Failed + recovery.Unknown > 0)
        {
            var calls = arena.Load.History.During(arena.Struck, Stopwatch.GetTimestamp()).Where(o => o.Outcome is Outcome.Failed or Outcome.Unknown);
            arena.Surprises.Add($"{recovery.Failed + recovery.Unknown} calls did not succeed, for example: {calls.First().Kind}: {calls.First().Error?.Message}");
            recovery = recovery with { Surprises = [.. arena.Surprises] };
        }

        foreach (var surprise in recovery.Surprises) Say($"  UNEXPECTED: {surprise}");
        _recoveries.Add(recovery);
    }

    private bool Report(Load load, Findings findings, RealCluster cluster, bool isWell)
    {
        foreach (var finding in findings.All.Take(40)) Say($"WRONG: {finding}");
        Console.WriteLine();
        foreach (var line in RecoveryTable.Lines(_recoveries)) Console.WriteLine(line);
        Console.WriteLine();
        var all = load.History.All();
        var overlaps = cluster.Audit.Overlaps().Count;
        var surprises = _recoveries.Sum(r => r.Surprises.Count);
        Console.WriteLine($"{all.Length} calls by {load.Counters.Count} counters, {load.Transfers.Count} transfers and streams; the witness saw {cluster.Audit.Turns} turns of {cluster.Audit.Activations} activations; seed {options.Seed}");
        if (findings.Repeated.Count > 0) Console.WriteLine($"requests executed twice: {findings.Repeated.Count}");
        if (findings.Broken.Count > 0) Console.WriteLine($"wrong answers: {findings.Broken.Count}");
        if (surprises > 0) Console.WriteLine($"unexpected: {surprises}");
        if (!isWell) Console.WriteLine("the cluster did not recover; the faults after that were left out");
        Console.WriteLine($"lost writes: {findings.LostWrites.Count}, double activations: {overlaps}, calls without an end: {findings.WithoutEnd.Count}");
        return isWell && surprises == 0 && overlaps == 0 && !findings.All.Any();
    }

    private void Say(string text) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(_began).TotalSeconds,6:0.0} s  {text}"));
}
