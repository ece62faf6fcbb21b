using System.Globalization;

namespace Granary.Cluster.Workload;

/// <summary>Compares what callers were told with what is there in the end.</summary>
internal static class Checker
{
    /// <summary>Waits for the load's last calls, finishes its transfers and checks everything. The cluster must be well.</summary>
    internal static async Task<Findings> CheckAsync(Load load)
    {
        await load.StopAsync();
        var findings = new Findings();
        foreach (var operation in load.History.WithoutEnd())
            findings.WithoutEnd.Add(string.Create(CultureInfo.InvariantCulture, $"{operation.Kind} {operation.Grain}: {operation.Outcome} after {Seconds(operation)} s, allowed were {operation.Deadline.TotalSeconds} s"));
        foreach (var operation in load.History.All().Where(o => o.Fault is not null)) findings.Broken.Add($"{operation.Kind} {operation.Grain}: {operation.Fault}");
        var increments = load.History.All().Where(o => o.Kind == Kind.Increment).ToLookup(o => o.Grain, StringComparer.Ordinal);
        foreach (var counter in load.Counters.Append(load.Contended)) await CheckCounterAsync(load, counter, [.. increments[counter]], findings);
        await load.FinishTransfersAsync(TimeSpan.FromSeconds(60));
        await CheckAccountsAsync(load, findings);
        return findings;
    }

    /// <summary>Of one counter's acknowledged increments: each has a value of its own, and one that began when another had ended has the greater value.</summary>
    internal static IEnumerable<string> Contradictions(string counter, IEnumerable<Operation> increments)
    {
        var acknowledged = increments.Where(o => o.Outcome == Outcome.Acknowledged).OrderBy(o => o.Value).ToArray();
        var earliestLater = long.MaxValue; // the earliest end of those with a greater value
        for (var i = acknowledged.Length - 1; i >= 0; i--)
        {
            var one = acknowledged[i];
            if (i > 0 && acknowledged[i - 1].Value == one.Value) yield return $"{counter}: two increments were told the value {one.Value}";
            if (earliestLater < one.BeganAt) yield return $"{counter}: an increment was told {one.Value} although it began after one that was told a greater value had ended";
            earliestLater = Math.Min(earliestLater, one.EndedAt);
        }
    }

    private static double Seconds(Operation operation) =>
        System.Diagnostics.Stopwatch.GetElapsedTime(operation.BeganAt, operation.EndedAt == 0 ? System.Diagnostics.Stopwatch.GetTimestamp() : operation.EndedAt).TotalSeconds;

    private static async Task CheckCounterAsync(Load load, string counter, Operation[] increments, Findings findings)
    {
        findings.LostWrites.AddRange(Contradictions(counter, increments));
        if (increments.Length == 0) return;
        var report = await load.ReadCounterAsync(counter);
        var acknowledged = increments.Count(o => o.Outcome == Outcome.Acknowledged);
        var unknown = increments.Count(o => o.Outcome is Outcome.Unknown or Outcome.Open);
        if (report.Value < acknowledged) findings.LostWrites.Add($"{counter} is {report.Value}, but {acknowledged} increments were acknowledged");
        if (report.Value > acknowledged + unknown) findings.Repeated.Add($"{counter} is {report.Value}, but only {acknowledged} increments were acknowledged and {unknown} have an unknown outcome");
        if (report.Repeated > 0) findings.Repeated.Add($"{counter} executed {report.Repeated} requests twice");
    }

    private static async Task CheckAccountsAsync(Load load, Findings findings)
    {
        if (load.Transfers.Count == 0) return;
        var expected = load.Accounts.ToDictionary(a => a, _ => 0L, StringComparer.Ordinal);
        foreach (var transfer in load.Transfers)
        {
            expected[transfer.From] -= transfer.Amount;
            expected[transfer.To] += transfer.Amount;
        }

        var total = 0L;
        foreach (var account in load.Accounts)
        {
            var balance = await load.ReadAccountAsync(account);
            total += balance;
            if (balance != expected[account]) findings.LostWrites.Add($"{account} has {balance}; by its transfers it should have {expected[account]}");
        }

        if (total != 0) findings.LostWrites.Add($"the balances sum up to {total}, not to 0");
    }
}

/// <summary>What is wrong; nothing when all lists are empty.</summary>
internal sealed class Findings
{
    /// <summary>Acknowledged changes that are not there, or that contradict each other.</summary>
    internal List<string> LostWrites { get; } = [];

    /// <summary>Requests that were executed more often than they were made.</summary>
    internal List<string> Repeated { get; } = [];

    /// <summary>Calls that did not end when they had to.</summary>
    internal List<string> WithoutEnd { get; } = [];

    /// <summary>Answers that are wrong, such as a stream with a hole.</summary>
    internal List<string> Broken { get; } = [];

    internal IEnumerable<string> All => LostWrites.Concat(Repeated).Concat(WithoutEnd).Concat(Broken);

    internal void ThrowIfAny()
    {
        if (All.Any()) throw new Harness.ClusterTestException(string.Join('\n', All.Take(20)));
    }
}
