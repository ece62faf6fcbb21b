using Orleans.Runtime;

namespace Granary.Engine.Membership;

/// <summary>The active silos in the order of their hashes, each watched by those before it.</summary>
internal static class Ring
{
    /// <summary>The silos that follow one, nearest first; all others when there are not so many.</summary>
    internal static IReadOnlyList<SiloAddress> Successors(MembershipView view, SiloAddress self, int count)
    {
        var ring = view.Active.Select(s => s.Address).Where(s => !s.Equals(self)).OrderBy(s => (uint)s.GetConsistentHashCode()).ThenBy(s => s).ToArray();
        var own = (uint)self.GetConsistentHashCode();
        var first = Array.FindIndex(ring, s => (uint)s.GetConsistentHashCode() > own || ((uint)s.GetConsistentHashCode() == own && s.CompareTo(self) > 0));
        if (first < 0) first = 0;
        return [.. Enumerable.Range(0, Math.Min(count, ring.Length)).Select(i => ring[(first + i) % ring.Length])];
    }
}
