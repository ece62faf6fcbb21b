using Orleans.Runtime;

namespace Granary.Engine.Membership;

/// <summary>What one silo knows of another one's lease, what it has found out about it, and what it has promised. Data of <see cref="FailureDetector"/>.</summary>
internal sealed class PeerWatch
{
    private bool _wasWitnessed; // in an earlier epoch
    private long _goneOrder;
    private TimeSpan _redialAfter; // the last time; zero when the last dial told something

    /// <summary>The beat as last read; null when it has not been read in this epoch.</summary>
    internal long? Beat { get; private set; }

    /// <summary>When this beat was first read, or when counting began again.</summary>
    internal TimeSpan StillSince { get; set; }

    /// <summary>The greatest version of the views it acted by, as last read.</summary>
    internal long SeenVersion { get; private set; }

    /// <summary>Who suspects it at this beat, as last read.</summary>
    internal IReadOnlyList<SiloAddress> Witnesses { get; private set; } = [];

    /// <summary>Whether its address was found deserted.</summary>
    internal bool IsGone { get; private set; }

    /// <summary>When the beat was first read after that; null before.</summary>
    internal TimeSpan? ProofSince { get; private set; }

    /// <summary>The beat at which this silo has witnessed, or is about to: it gives no support as long as that is the beat.</summary>
    internal long? WitnessedBeat { get; set; }

    internal TimeSpan WitnessedAt { get; set; }

    /// <summary>Until when this silo has promised not to witness.</summary>
    internal TimeSpan SupportedUntil { get; set; } = TimeSpan.MinValue;

    internal bool IsDialling { get; set; }

    internal TimeSpan DialledAt { get; private set; } = TimeSpan.MinValue;

    /// <summary>When it is dialled again because the last time told nothing.</summary>
    internal TimeSpan RedialAt { get; private set; } = TimeSpan.MaxValue;

    internal TimeSpan DeclaredAt { get; set; } = TimeSpan.MinValue;

    internal bool IsWitnessed => _wasWitnessed || (WitnessedBeat is { } witnessed && witnessed == Beat);

    /// <summary>Dialling it told nothing. A process that is just being killed resets connections before it refuses them, so it is asked again soon; each time later, up to <paramref name="latest"/>, where the periodic probes go on.</summary>
    internal void BeUnclear(TimeSpan now, TimeSpan first, TimeSpan latest)
    {
        if (_redialAfter < latest) _redialAfter = _redialAfter == TimeSpan.Zero ? first : _redialAfter * 2;
        RedialAt = _redialAfter < latest ? now + _redialAfter : TimeSpan.MaxValue;
    }

    /// <summary>It is being dialled.</summary>
    internal void BeDialled(TimeSpan now)
    {
        IsDialling = true;
        DialledAt = now;
        RedialAt = TimeSpan.MaxValue;
    }

    /// <summary>Nobody is at its address.</summary>
    /// <param name="order">Readings with greater numbers were asked for later.</param>
    internal void BeGone(long order)
    {
        IsGone = true;
        _redialAfter = TimeSpan.Zero;
        ProofSince = null;
        _goneOrder = order;
    }

    internal void BeThere()
    {
        IsGone = false;
        _redialAfter = TimeSpan.Zero;
        ProofSince = null;
    }

    /// <summary>Takes what was read. A beat that has moved on voids what was found out and what was witnessed; promises of support stand.</summary>
    /// <param name="read">What was read.</param>
    /// <param name="order">Readings with greater numbers were asked for later.</param>
    /// <param name="now">When.</param>
    internal void Read(SiloBeat read, long order, TimeSpan now)
    {
        if (Beat is { } known && read.Beat < known) return; // it only grows: this was read before
        if (Beat != read.Beat)
        {
            if (Beat is not null) _wasWitnessed = false;
            // It moved after the address was found deserted: somebody is there after all. A first look may still show what it did before.
            if (ProofSince is not null) BeThere();
            Beat = read.Beat;
            StillSince = now;
            WitnessedBeat = null;
        }

        SeenVersion = read.SeenVersion;
        Witnesses = read.Witnesses;
        if (IsGone && order > _goneOrder) ProofSince ??= now;
    }

    /// <summary>
    /// Who may support the silo as long as it has not been seen to act by a view of the present epoch: the silos that were active in the views of an earlier one that it may act by. Null when that is not known.
    /// </summary>
    internal HashSet<SiloAddress>? EarlierElectorate { get; private set; }

    /// <summary>The table counts anew: nothing read before means anything. What was witnessed may have been acted on, so it stands until the silo itself shows up.</summary>
    /// <param name="electorate">The silos that were active in the views the silo may act by; null when that is not known.</param>
    /// <param name="now">When.</param>
    internal void Forget(HashSet<SiloAddress>? electorate, TimeSpan now)
    {
        // Lost twice before the silo showed up: it may act by views of either epoch, or of the first.
        if (electorate is not null && EarlierElectorate is not null) electorate.UnionWith(EarlierElectorate);
        EarlierElectorate = electorate ?? EarlierElectorate;
        _wasWitnessed = IsWitnessed;
        Beat = null;
        SeenVersion = 0;
        Witnesses = [];
        StillSince = now;
        WitnessedBeat = null;
        BeThere();
    }
}
