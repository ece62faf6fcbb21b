using Orleans.Runtime;

namespace Granary.Engine.Membership;

/// <summary>The views a silo has seen lately of the present epoch, to tell who was active when another silo acted by an older one.</summary>
internal sealed class ViewHistory
{
    private const int MaxViews = 256;

    private readonly List<MembershipView> _views = []; // of one epoch, ascending

    internal MembershipView Latest => _views.Count == 0 ? MembershipView.Empty : _views[^1];

    /// <summary>Takes a view that replaces the latest.</summary>
    internal void Add(MembershipView view)
    {
        if (_views.Count > 0 && _views[^1].Epoch != view.Epoch) _views.Clear();
        if (_views.Count == MaxViews) _views.RemoveAt(0);
        _views.Add(view);
    }

    /// <summary>
    /// The silos that were active at a version, and perhaps some more; null when that cannot be told, because the version is older than every view seen of this epoch, or newer. Exact when that version was
    /// seen; else those active at the last one seen before it, with those that became active since.
    /// </summary>
    internal HashSet<SiloAddress>? Electorate(long version)
    {
        var latest = Latest;
        var index = _views.FindLastIndex(v => v.Version <= version);
        if (index < 0 || version > latest.Version) return null;
        var before = _views[index].Version;
        var electorate = _views[index].Active.Select(s => s.Address).ToHashSet();
        electorate.UnionWith(latest.Silos.Where(s => s.ActiveSince > before && s.ActiveSince <= version).Select(s => s.Address));
        return electorate;
    }
}
