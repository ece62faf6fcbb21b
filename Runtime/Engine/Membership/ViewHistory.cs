using Orleans.Runtime;

namespace Granary.Engine.Membership;

/// <summary>The views a silo has seen lately of the present epoch and the one before, to tell who was active when another silo acted by an older one.</summary>
internal sealed class ViewHistory
{
    private const int MaxViews = 256;

    private List<MembershipView> _views = []; // of one epoch, ascending
    private List<MembershipView> _earlier = []; // of the epoch before

    internal MembershipView Latest => _views.Count == 0 ? MembershipView.Empty : _views[^1];

    /// <summary>Takes a view that replaces the latest.</summary>
    internal void Add(MembershipView view)
    {
        if (_views.Count > 0 && _views[^1].Epoch != view.Epoch) (_earlier, _views) = (_views, []);
        if (_views.Count == MaxViews) _views.RemoveAt(0);
        _views.Add(view);
    }

    /// <summary>
    /// The silos that were active at a version, and perhaps some more; null when that cannot be told, because the version is older than every view seen of this epoch, or newer. Exact when that version was
    /// seen; else those active at the last one seen before it, with those that became active since.
    /// </summary>
    internal HashSet<SiloAddress>? Electorate(long version) => Electorate(_views, version);

    /// <summary>
    /// When an epoch has ended: the silos that were active at a version of it, and those that were when it was last seen; null when that cannot be told.
    /// </summary>
    internal HashSet<SiloAddress>? ElectorateAtTheEnd(string epoch, long version)
    {
        var views = _views.Count > 0 && _views[^1].Epoch == epoch ? _views : _earlier;
        if (views.Count == 0 || views[^1].Epoch != epoch || Electorate(views, version) is not { } electorate) return null;
        electorate.UnionWith(views[^1].Active.Select(s => s.Address));
        return electorate;
    }

    private static HashSet<SiloAddress>? Electorate(List<MembershipView> views, long version)
    {
        var index = views.FindLastIndex(v => v.Version <= version);
        if (index < 0 || version > views[^1].Version) return null;
        var latest = views[^1];
        var before = views[index].Version;
        var electorate = views[index].Active.Select(s => s.Address).ToHashSet();
        electorate.UnionWith(latest.Silos.Where(s => s.ActiveSince > before && s.ActiveSince <= version).Select(s => s.Address));
        return electorate;
    }
}
