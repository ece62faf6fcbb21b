namespace Granary.Transport.Tests;

/// <summary>Whether a process still waits for anything.</summary>
internal static class Rest
{
    internal static int InFlight(this TestProcess process) => process.Network.Statistics().Connections.Sum(c => c.InFlight);

    internal static int InProgress(this TestProcess process) => process.Network.Statistics().Connections.Sum(c => c.InProgress);

    /// <summary>Several round trips through the silo: what a producer was going to do, it has done.</summary>
    internal static async Task Settled(this TestProcess process, Gate gate)
    {
        var before = gate.Entries;
        for (var i = 0; i < 20; i++) await process.Grain<IProbeGrain>("settle").Add(before, i);
    }

    /// <summary>Nothing is in flight any more, nothing runs, no deadline is pending.</summary>
    internal static async Task AssertAtRest(this TestProcess process)
    {
        await Until.True(() => process.InFlight() == 0, "no calls in flight");
        await Until.True(() => process.InProgress() == 0, "no calls in progress");
        await Until.True(() => process.Core.Deadlines.Count == 0, "no deadlines pending");
    }
}
