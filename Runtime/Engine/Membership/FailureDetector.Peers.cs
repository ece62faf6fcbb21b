using System.Globalization;
using Orleans.Runtime;

namespace Granary.Engine.Membership;

/// <summary>Who of the others is dead.</summary>
internal sealed partial class FailureDetector
{
    private readonly Dictionary<SiloAddress, PeerWatch> _peers = [];
    private readonly List<DetectorAction> _actionsToCome = []; // decided between ticks
    private TimeSpan _readAt = TimeSpan.MinValue;
    private TimeSpan _probeAt = TimeSpan.MinValue;
    private TimeSpan _readTableAt = TimeSpan.MinValue;
    private bool _isBehind; // the table has a newer view than this silo

    /// <summary>The last connection to a silo was lost, or it did not answer a probe.</summary>
    internal void OnPeerLost(TimeSpan now, SiloAddress silo)
    {
        if (!IsFenced && _views.Latest.IsAlive(silo)) Dial(silo, Watch(silo, now), now);
    }

    internal void OnProbeFailed(TimeSpan now, SiloAddress silo) => OnPeerLost(now, silo);

    /// <summary>Another silo suspects one.</summary>
    internal void OnSuspicion(TimeSpan now, Suspicion suspicion)
    {
        if (!suspicion.Witness.Equals(self)) OnPeerLost(now, suspicion.Suspect);
    }

    /// <summary>It was tried to connect to a silo.</summary>
    internal void OnDialed(TimeSpan now, SiloAddress silo, DialOutcome outcome)
    {
        if (!_peers.TryGetValue(silo, out var watch)) return;
        watch.IsDialling = false;
        switch (outcome)
        {
            case DialOutcome.Gone when !watch.IsGone:
                watch.BeGone(_orders);
                RenewNow(now); // for the beat as it is now
                break;
            case DialOutcome.Alive:
                watch.BeThere();
                break;
            case DialOutcome.Unknown:
                watch.BeUnclear(now, timings.RetryPeriod / 10, timings.RetryPeriod);
                break;
        }
    }

    /// <summary>A suspicion was written; the witnesses are in the next answer to a renewal.</summary>
    internal void OnSuspected(TimeSpan now) => RenewNow(now);

    private PeerWatch Watch(SiloAddress silo, TimeSpan now)
    {
        if (!_peers.TryGetValue(silo, out var watch)) _peers[silo] = watch = new PeerWatch { StillSince = now };
        return watch;
    }

    /// <summary>An extra renewal, soon; not so many that suspicions of many silos flood the table.</summary>
    private void RenewNow(TimeSpan now)
    {
        var soon = _outstanding is { } sent ? sent.SentAt + (timings.RenewPeriod / 10) : now;
        if (_renewAt > soon) _renewAt = soon > now ? soon : now;
    }

    /// <summary>The table was read.</summary>
    private void Read(TimeSpan now, long order, Renewal answer)
    {
        if (_epoch != answer.Epoch)
        {
            var ended = _epoch;
            _epoch = answer.Epoch;
            foreach (var watch in _peers.Values) watch.Forget(ended is null ? null : _views.ElectorateAtTheEnd(ended, watch.SeenVersion), now);
        }
        else if (now >= _readAt + timings.MaxGap)
        {
            // Nobody is blamed for a time in which the table was away, or this process.
            foreach (var watch in _peers.Values) watch.StillSince = now;
        }

        _readAt = now;
        var latest = _views.Latest;
        if (answer.Version <= latest.Version && answer.Epoch == latest.Epoch)
        {
            _isBehind = false;
        }
        else if (!_isBehind)
        {
            // The view is on its way, usually.
            _isBehind = true;
            _readTableAt = now + (timings.RenewPeriod / 2);
        }
        else if (now >= _readTableAt)
        {
            _readTableAt = now + timings.RenewPeriod;
            _actionsToCome.Add(new ReadTable());
        }

        foreach (var beat in answer.Beats)
        {
            if (beat.Silo.Equals(self)) continue;
            var watch = Watch(beat.Silo, now);
            watch.Read(beat, order, now);
            if (watch.Witnesses.Count > 0) Dial(beat.Silo, watch, now);
        }
    }

    /// <summary>The silos it has witnessed against at their present beats.</summary>
    internal IEnumerable<SiloAddress> Suspects => _peers.Where(p => p.Value.IsWitnessed).Select(p => p.Key);

    private void Dial(SiloAddress silo, PeerWatch watch, TimeSpan now)
    {
        if (watch.IsDialling || watch.IsGone || now < watch.DialledAt + (timings.RetryPeriod / 10)) return;
        watch.BeDialled(now);
        _actionsToCome.Add(new DialSilo(silo));
    }

    private void WatchPeers(TimeSpan now)
    {
        foreach (var (silo, watch) in _peers)
        {
            if (now >= watch.RedialAt && _views.Latest.IsAlive(silo)) Dial(silo, watch, now);
        }

        _actions.AddRange(_actionsToCome);
        _actionsToCome.Clear();
        if (now >= _probeAt)
        {
            _probeAt = now + timings.ProbePeriod;
            foreach (var silo in Ring.Successors(_views.Latest, self, timings.ProbedSuccessors)) _actions.Add(new ProbeSilo(silo));
        }

        // What was read too long ago condemns nobody.
        if (now >= _readAt + timings.MaxGap || _epoch != _views.Latest.Epoch) return;
        foreach (var entry in _views.Latest.Silos)
        {
            if (entry.Status == SiloStatus.Dead || entry.Address.Equals(self) || !_peers.TryGetValue(entry.Address, out var watch) || watch.Beat is not { } beat) continue;
            Judge(entry, watch, beat, now);
        }

        _actions.AddRange(_actionsToCome);
        _actionsToCome.Clear();
    }

    private void Judge(SiloEntry silo, PeerWatch watch, long beat, TimeSpan now)
    {
        if (now >= watch.StillSince + timings.MaxGap && now >= watch.DialledAt + timings.RetryPeriod) Dial(silo.Address, watch, now);
        var isSilent = now >= watch.StillSince + timings.Silence;
        if (isSilent || watch.ProofSince is not null) Witness(silo.Address, watch, beat, now);
        if (now < watch.DeclaredAt + timings.RetryPeriod) return;
        string reason;
        if (watch.ProofSince is { } since && now >= since + timings.ProofDelay && HasWitnesses(silo.Address, watch))
            reason = $"nobody is at its address; witnesses: {string.Join(", ", watch.Witnesses)}";
        else if (isSilent && IsOutvoted(silo, watch))
            reason = string.Create(CultureInfo.InvariantCulture, $"its lease was not renewed for {(now - watch.StillSince).TotalSeconds:0.#} s; witnesses: {string.Join(", ", watch.Witnesses)}");
        else if (now >= watch.StillSince + timings.LongSilence)
            reason = string.Create(CultureInfo.InvariantCulture, $"its lease was not renewed for {(now - watch.StillSince).TotalSeconds:0} s");
        else
            return;
        watch.DeclaredAt = now;
        _actionsToCome.Add(new DeclareSiloDead(silo.Address, beat, reason));
    }

    /// <summary>Witnesses, unless the silo was promised support. Noted before it is written, and written again until it is seen in the table.</summary>
    private void Witness(SiloAddress silo, PeerWatch watch, long beat, TimeSpan now)
    {
        if (watch.IsWitnessed)
        {
            if (watch.Witnesses.Contains(self) || now < watch.WitnessedAt + timings.RetryPeriod) return;
        }
        else if (now < watch.SupportedUntil)
        {
            return;
        }

        watch.WitnessedBeat = beat;
        watch.WitnessedAt = now;
        _actionsToCome.Add(new SuspectSilo(silo, beat));
    }

    /// <summary>Two have found the address deserted; or this silo alone has, and there is nobody else who could: the others are gone too, or there are none.</summary>
    private bool HasWitnesses(SiloAddress suspect, PeerWatch watch)
    {
        if (!watch.Witnesses.Contains(self)) return false;
        if (watch.Witnesses.Count >= 2) return true;
        return !_views.Latest.Active.Any(s => !s.Address.Equals(self) && !s.Address.Equals(suspect) && _peers.GetValueOrDefault(s.Address)?.ProofSince is null);
    }

    /// <summary>
    /// Whether at least half of the silos that were active in the view the suspect acts by have witnessed: then no majority of them supports it. While its view of this epoch is not known, because the table was
    /// lost and it has not shown up since, all of those of the epoch before must have.
    /// </summary>
    private bool IsOutvoted(SiloEntry suspect, PeerWatch watch)
    {
        if (!watch.Witnesses.Contains(self)) return false;
        var latest = _views.Latest;
        // A version before it was active itself is of another epoch, or nothing.
        if (watch.SeenVersion >= suspect.ActiveSince && _views.Electorate(watch.SeenVersion) is { Count: > 0 } electorate)
        {
            var votes = watch.Witnesses.Distinct().Count(w => !w.Equals(suspect.Address) && latest.Find(w) is { Status: SiloStatus.Active, ActiveSince: > 0 } voter && voter.ActiveSince <= watch.SeenVersion);
            return votes >= (electorate.Count + 1) / 2;
        }

        return watch.EarlierElectorate is { } earlier && earlier.Any(s => !s.Equals(suspect.Address)) && earlier.All(s => s.Equals(suspect.Address) || watch.Witnesses.Contains(s));
    }

    private void ForgetGone(TimeSpan now)
    {
        foreach (var (silo, watch) in _peers.ToArray())
        {
            if (!_views.Latest.IsAlive(silo) && now >= watch.SupportedUntil) _peers.Remove(silo);
        }
    }
}
