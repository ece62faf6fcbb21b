using Granary.Engine.Membership;
using Orleans.Runtime;

namespace Granary.Engine.Reminders;

/// <summary>Ranges of the ring of 32-bit hashes: (begin, end], around the top when begin is not less than end; the whole ring when they are equal.</summary>
internal static class HashRange
{
    internal static bool Contains(uint begin, uint end, uint hash) => begin < end ? hash > begin && hash <= end : hash > begin || hash <= end;
}

/// <summary>
/// Which silo runs the reminders of which grains: each active silo has points on a ring of hashes, and a grain belongs to the silo of the first point at or after its hash.
/// A silo that comes or goes moves only the grains between its points and the ones before. Immutable.
/// </summary>
internal sealed class ReminderRing
{
    private const int PointsPerSilo = 16;

    private readonly (uint Hash, SiloAddress Silo)[] _points;

    internal ReminderRing(MembershipView view) => _points =
    [
        .. view.Active.SelectMany(s => s.Address.GetUniformHashCodes(PointsPerSilo).Select(hash => (Hash: hash, Silo: s.Address)))
            .OrderBy(p => p.Hash).ThenBy(p => p.Silo)
            .DistinctBy(p => p.Hash),
    ];

    /// <summary>The silo of a grain; null when no silo is active.</summary>
    internal SiloAddress? OwnerOf(GrainId grainId)
    {
        if (_points.Length == 0) return null;
        var hash = grainId.GetUniformHashCode();
        foreach (var point in _points)
        {
            if (point.Hash >= hash) return point.Silo;
        }

        return _points[0].Silo;
    }

    /// <summary>The ranges of a silo; adjacent ones are joined.</summary>
    internal IReadOnlyList<(uint Begin, uint End)> RangesOf(SiloAddress silo)
    {
        var ranges = new List<(uint Begin, uint End)>();
        for (var i = 0; i < _points.Length; i++)
        {
            if (!_points[i].Silo.Equals(silo)) continue;
            var begin = _points[(i + _points.Length - 1) % _points.Length].Hash;
            if (ranges.Count > 0 && ranges[^1].End == begin) ranges[^1] = (ranges[^1].Begin, _points[i].Hash);
            else ranges.Add((begin, _points[i].Hash));
        }

        return ranges;
    }
}
