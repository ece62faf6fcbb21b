using System.Globalization;
using Granary.Rpc.Cluster;

namespace Granary.ApiHost.Discovery;

/// <summary>
/// The moment of the cluster's history that an answer tells of, as callers give it back: <c>version</c>, or <c>version-epoch</c> where the epoch has a name. To callers it is an opaque text.
/// </summary>
/// <param name="Version">The snapshot's version.</param>
/// <param name="Epoch">A hash of the snapshot's epoch; 0 for none.</param>
internal readonly record struct DiscoveryIndex(long Version, uint Epoch)
{
    private const int LongestText = 40;

    internal static DiscoveryIndex Of(ClusterSnapshot cluster) => new(cluster.Version, Hash(cluster.Epoch));

    internal static bool TryParse(string text, out DiscoveryIndex index)
    {
        index = default;
        if (text.Length > LongestText) return false;
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        var epoch = 0u;
        if (dash >= 0 && !uint.TryParse(text.AsSpan(dash + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out epoch)) return false;
        if (!long.TryParse(dash >= 0 ? text.AsSpan(0, dash) : text, NumberStyles.None, CultureInfo.InvariantCulture, out var version)) return false;
        index = new DiscoveryIndex(version, epoch);
        return true;
    }

    /// <summary>Whether who has this index has seen the snapshot, or a later one of the same history.</summary>
    internal bool Covers(ClusterSnapshot cluster) => Hash(cluster.Epoch) == Epoch && cluster.Version <= Version;

    public override string ToString() => Epoch == 0 ? Version.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{Version}-{Epoch:x8}");

    // FNV-1a, 32 bits (Fowler, Noll, Vo): every host must come to the same.
    private static uint Hash(string epoch)
    {
        if (epoch.Length == 0) return 0;
        var hash = 2166136261u;
        foreach (var character in epoch) hash = (hash ^ character) * 16777619u;
        return hash == 0 ? 1 : hash;
    }
}
