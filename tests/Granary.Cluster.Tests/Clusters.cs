namespace Granary.Cluster.Tests;

/// <summary>How the tests' clusters are set up.</summary>
internal static class Clusters
{
    /// <summary>For what must come true at some time; nothing is measured by it.</summary>
    internal static readonly TimeSpan Soon = TimeSpan.FromSeconds(40);

    /// <summary>A load that leaves the machine to others: tests run side by side.</summary>
    internal static readonly LoadOptions Light = new() { Counters = 16, Rivals = 3, Accounts = 8, Payers = 1, Pioneers = 1, Streamers = 2, Pause = TimeSpan.FromMilliseconds(40) };

    internal static readonly TimeSpan ShortLease = TimeSpan.FromSeconds(5);

    internal static readonly TimeSpan ShortMargin = TimeSpan.FromSeconds(1);

    /// <summary>Leases short enough to wait for their end, and long enough for a machine that has much else to do.</summary>
    internal static readonly IReadOnlyDictionary<string, string> ShortLeases = RealClusterOptions.Leases(ShortLease, ShortMargin);

    /// <summary>A network whose links can be cut.</summary>
    internal static async Task<IClusterNetwork> WithCutsAsync() =>
        await NamespaceNetwork.IsPossibleAsync() ? await NamespaceNetwork.CreateAsync() : new ProxyNetwork();

    /// <summary>Starts a load and waits until everything in it works.</summary>
    internal static async Task<Load> LoadAsync(this RealCluster cluster, LoadOptions? options = null)
    {
        var load = new Load(cluster.Client, options ?? Light, seed: 1);
        load.Start();
        await load.ServedAsync(Soon);
        return load;
    }

    /// <summary>Stops the load; nothing may be lost, double, or without an end.</summary>
    internal static async Task CheckAsync(this RealCluster cluster, Load load)
    {
        (await Checker.CheckAsync(load)).ThrowIfAny();
        await cluster.AuditAsync();
        Assert.NotEqual(0, cluster.Audit.Turns);
    }

    /// <summary>Fails when a call of the load did not succeed.</summary>
    internal static void MustHaveLostNoCall(this Load load)
    {
        var lost = load.History.All().Where(o => o.Outcome is Outcome.Failed or Outcome.Unknown).ToArray();
        Assert.True(lost.Length == 0, $"{lost.Length} calls did not succeed:\n{string.Join('\n', lost.Take(5).Select(o => $"{o.Kind} {o.Grain}: {o.Error}"))}");
    }

    /// <summary>A silo that has load, so that its end is felt.</summary>
    internal static SiloProcess Busiest(this RealCluster cluster, Load load) =>
        cluster.SiloAt(load.Counters.Select(load.SiloOf).Where(s => s.Length > 0).GroupBy(s => s, StringComparer.Ordinal).MaxBy(g => g.Count())!.Key);
}
