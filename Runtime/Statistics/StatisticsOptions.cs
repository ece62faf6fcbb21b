namespace Granary.Statistics;

/// <summary>What a process keeps of the calls it runs, for the dashboard: the section <c>Granary:Statistics</c>. The sizes bound its memory, whatever is called.</summary>
public sealed class StatisticsOptions
{
    /// <summary>The configuration section these options are bound to.</summary>
    public const string Section = "Granary:Statistics";

    /// <summary>Whether calls are counted and timed. Off, a call costs nothing more, and the dashboard shows silos and their load only.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Grain methods counted by themselves; those that come after them are counted together as <c>other</c>. 16 to 10,000; each takes up to 2.3 kB, and 64 bytes for each thread that runs it.</summary>
    public int MaximumMethods { get; set; } = 1024;

    /// <summary>Pairs of a calling and a called grain type kept. 16 to 10,000; each takes some 2.2 kB.</summary>
    public int MaximumEdges { get; set; } = 512;

    /// <summary>
    /// Counters that find the grains called most. With n of them a grain that gets more than 1/n of the calls is found, and its rate is told at most 1/n of all calls too low. 16 to 10,000.
    /// </summary>
    public int HotGrainCounters { get; set; } = 256;

    /// <summary>The slowest calls kept for each ten seconds of the last minute. 1 to 1,000.</summary>
    public int SlowestCalls { get; set; } = 32;

    /// <summary>Grains whose calls are kept one by one, since somebody looks at them; the one looked at longest ago gives way. 1 to 1,000.</summary>
    public int WatchedGrains { get; set; } = 16;

    /// <summary>The last calls kept of each of them. 1 to 1,000.</summary>
    public int WatchedCalls { get; set; } = 50;

    /// <summary>What is wrong with these, one text a fault that names the key, the value and what is accepted; empty when nothing is.</summary>
    public IReadOnlyList<string> Faults()
    {
        List<string> wrong = [];
        Check(MaximumMethods, nameof(MaximumMethods), 16, 10_000, 1024);
        Check(MaximumEdges, nameof(MaximumEdges), 16, 10_000, 512);
        Check(HotGrainCounters, nameof(HotGrainCounters), 16, 10_000, 256);
        Check(SlowestCalls, nameof(SlowestCalls), 1, 1000, 32);
        Check(WatchedGrains, nameof(WatchedGrains), 1, 1000, 16);
        Check(WatchedCalls, nameof(WatchedCalls), 1, 1000, 50);
        return wrong;

        void Check(int value, string name, int least, int most, int usual)
        {
            if (value < least || value > most) wrong.Add($"{Section}:{name} is {value}. Write a number from {least} to {most}; {usual} is the default.");
        }
    }
}
