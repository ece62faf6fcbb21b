namespace Granary.Cluster.Releases;

/// <summary>What a test tells a process.</summary>
internal sealed class ReleaseSettings
{
    public string Redis { get; set; } = "";

    public string Cluster { get; set; } = "";

    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How many call at a time.</summary>
    public int Callers { get; set; } = 8;

    /// <summary>How many baskets there are that callers of both versions use; each version has as many of its own.</summary>
    public int Baskets { get; set; } = 24;
}
