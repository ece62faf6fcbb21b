using System.Globalization;
using Orleans.Runtime;

namespace Granary.Engine.Membership;

/// <summary>
/// Decides, for one silo, how long it may run turns, who of the others is dead, and what to do to find out. It has no clock, no thread and no connection: it is told what happened and when, by the silo's own
/// monotonic clock, and says what to do. Not thread-safe.
/// (This file: the silo's own lease; who is dead: <c>FailureDetector.Peers.cs</c>.)
/// </summary>
/// <remarks>
/// <para>The promise: once a silo has been declared dead it runs no turn any more, whatever is lost, delayed, cut or paused, as long as no two clocks differ in rate by more than
/// (lease + margin) / lease. The proof is in docs/membership.md; its parts are</para>
/// <code>
///   own lease     a silo runs turns until the lease after the sending of its last successful renewal is over
///   support       ... or, once for each round of questions, a lease longer, when a strict majority of the silos active in every view that the table may know it to act by has promised support
///   promise       who supports a silo does not witness against it for a lease and its margin; who has witnessed against it at a beat does not support it as long as that is its beat
///   silence       a silo whose beat stood still for a lease and its margin is declared dead when at least half of the silos that were active in the view it acted by have witnessed: any such half and any
///                 such majority have a silo in common; or, without them, after the longest outage, which nobody outlives
///   proof         a silo whose address is deserted is declared dead when two have seen it and its beat then stands still for a while
/// </code>
/// </remarks>
internal sealed partial class FailureDetector(SiloAddress self, LeaseTimings timings)
{
    private readonly OwnLease _lease = new(self, timings);
    private readonly ViewHistory _views = new();
    private readonly List<DetectorAction> _actions = [];
    private RenewLease? _outstanding;
    private TimeSpan _renewAt = TimeSpan.MinValue;
    private TimeSpan _askAt = TimeSpan.MinValue;
    private TimeSpan _tickedAt = TimeSpan.MinValue;
    private TimeSpan? _graceUntil;
    private TimeSpan _registerAt = TimeSpan.MinValue;
    private string? _epoch; // of the table, as last read
    private long _newestRead; // the order of the renewal whose answer was read last
    private long _orders;
    private long _rounds;
    private string? _fenceReason;

    /// <summary>From then on no turn may run, by the silo's clock. It is moved on by renewals and support.</summary>
    internal TimeSpan FenceAt => IsFenced ? TimeSpan.MinValue : _lease.FenceAt;

    /// <summary>Whether the silo is done for. It stays so.</summary>
    internal bool IsFenced { get; private set; }

    /// <summary>Why; null when it is not.</summary>
    internal string? FenceReason => _fenceReason;

    /// <summary>Whether a renewal has succeeded.</summary>
    internal bool HasRenewed => _lease.RenewedAt is not null;

    /// <summary>When the last successful renewal was sent; null before the first.</summary>
    internal TimeSpan? RenewedAt => _lease.RenewedAt;

    internal MembershipView View => _views.Latest;

    /// <summary>Whether the table answered within the window in which a silo says that it can renew.</summary>
    internal bool CanRenew(TimeSpan now) => _lease.RenewedAt is { } at && now < at + timings.CanRenewWindow;

    /// <summary>What has become due. Once the silo has joined; to be called often: at least once in a renew period, and after anything that happened.</summary>
    /// <returns>What to do, in order. Valid until the next call.</returns>
    internal IReadOnlyList<DetectorAction> Tick(TimeSpan now)
    {
        _actions.Clear();
        if (!IsFenced) WatchFence(now);
        if (IsFenced) return Finish(now);
        if (_outstanding is { } sent && now >= sent.SentAt + timings.RenewTimeout) _outstanding = null;
        if (_outstanding is null && now >= _renewAt) Renew(now);
        AskWhenEnding(now);
        WatchPeers(now);
        return Finish(now);
    }

    /// <summary>The silo's row was written for the first time. Before anything else.</summary>
    /// <param name="now">When that was known.</param>
    /// <param name="sentAt">When it was sent.</param>
    /// <param name="view">The view that has it.</param>
    internal void OnJoined(TimeSpan now, TimeSpan sentAt, MembershipView view)
    {
        _lease.OnJoined(sentAt);
        OnView(now, view);
    }

    /// <summary>A view was read or heard of.</summary>
    internal void OnView(TimeSpan now, MembershipView view)
    {
        if (IsFenced || !view.Replaces(_views.Latest)) return;
        _views.Add(view);
        // Whoever is new on the ring is probed at once: only by a connection to it is its end noticed when it comes.
        _probeAt = now;
        switch (view.Find(self))
        {
            case { Status: SiloStatus.Dead }: BeFenced("The cluster has declared it dead."); break;
            case null: _renewAt = now; break; // what the table says of this silo decides
        }

        ForgetGone(now);
    }

    /// <summary>There is another table: how this silo stands with it decides what follows.</summary>
    internal void OnTableChanged(TimeSpan now) => _renewAt = now;

    /// <summary>A renewal was answered.</summary>
    internal void OnRenewed(TimeSpan now, RenewLease renewal, Renewal answer)
    {
        if (ReferenceEquals(_outstanding, renewal)) _outstanding = null;
        if (IsFenced) return;
        switch (answer.Lease)
        {
            case LeaseState.Dead:
                BeFenced("The cluster has declared it dead.");
                return;
            case LeaseState.Lost when renewal.Order > _newestRead:
                OnLost(now, answer);
                break;
            case LeaseState.Held:
                // In another epoch than the silo acts by, someone else has written the row: whether the silo was declared dead in its own is not told by that.
                if (answer.Epoch != _views.Latest.Epoch && renewal.Order > _newestRead) OnLost(now, answer);
                if (IsFenced) return;
                _lease.OnHeld(renewal, answer.Epoch);
                if (now < _lease.FenceAt) _graceUntil = null;
                break;
        }

        if (renewal.Order <= _newestRead) return;
        _newestRead = renewal.Order;
        Read(now, renewal.Order, answer);
    }

    /// <summary>A renewal could not be sent or was not answered.</summary>
    internal void OnRenewFailed(RenewLease renewal)
    {
        if (ReferenceEquals(_outstanding, renewal)) _outstanding = null;
    }

    /// <summary>A silo has answered a question for support.</summary>
    internal void OnAnswer(SiloAddress silo, long round, SupportAnswer answer)
    {
        if (IsFenced) return;
        if (answer == SupportAnswer.Dead) BeFenced($"{silo} says that the cluster has declared it dead.");
        else _lease.OnAnswer(silo, round, answer);
    }

    /// <summary>Another silo, which cannot renew, asks for support.</summary>
    internal SupportAnswer OnAsked(TimeSpan now, SiloAddress asker)
    {
        if (IsFenced || _views.Latest.Find(asker) is not { } entry) return SupportAnswer.None;
        if (entry.Status == SiloStatus.Dead) return SupportAnswer.Dead;
        if (CanRenew(now)) return SupportAnswer.CanRenew;
        var watch = Watch(asker, now);
        if (watch.IsWitnessed) return SupportAnswer.None;
        watch.SupportedUntil = now + timings.Silence;
        return SupportAnswer.Supported;
    }

    /// <summary>Stops for good: the process ends.</summary>
    internal void BeFenced(string reason)
    {
        if (IsFenced) return;
        IsFenced = true;
        _fenceReason = reason;
    }

    private List<DetectorAction> Finish(TimeSpan now)
    {
        if (IsFenced && _fenceReason is { } reason)
        {
            _actions.Add(new Fence(reason));
            _fenceReason = null;
        }

        _tickedAt = now;
        return _actions;
    }

    /// <summary>
    /// A lease that is over is the end, but for one case: this process stood still. Then it asks the table first. Nobody else's death warrant can be missed by that: turns do not run meanwhile, and a
    /// renewal that succeeds shows that none was written.
    /// </summary>
    private void WatchFence(TimeSpan now)
    {
        if (now < _lease.FenceAt) return;
        if (_graceUntil is null && _tickedAt > TimeSpan.MinValue && now >= _tickedAt + timings.RenewTimeout)
        {
            _graceUntil = now + (timings.RenewTimeout * 2);
            _outstanding = null;
            _renewAt = now;
        }

        if (_graceUntil is { } until && now < until) return;
        BeFenced(string.Create(CultureInfo.InvariantCulture, $"It could not renew its lease of {timings.Lease.TotalSeconds:0.###} s."));
    }

    private void Renew(TimeSpan now)
    {
        var view = _views.Latest;
        var renewal = new RenewLease(++_orders, now, view.Version);
        _outstanding = renewal;
        _renewAt = now + timings.RenewPeriod;
        _lease.OnSent(renewal.Order, view);
        _actions.Add(renewal);
    }

    private void AskWhenEnding(TimeSpan now)
    {
        if (_lease.Round != 0 && (_lease.IsRoundComplete || now >= _lease.RoundAt + timings.AskPeriod)) _lease.CloseRound();
        if (!_lease.IsEnding(now) || _lease.Round != 0 || now < _askAt) return;
        _askAt = now + timings.AskPeriod;
        _lease.Ask(++_rounds, now);
        foreach (var silo in _lease.Voters) _actions.Add(new AskForSupport(silo, _lease.Round));
    }

    /// <summary>The table has lost what it held: it has no row of this silo, or one that is not by this silo.</summary>
    private void OnLost(TimeSpan now, Renewal answer)
    {
        // In the epoch it was written in, a row goes away only some time after it was declared dead. And who is past its lease may have been declared dead before the table was lost.
        var hasRow = answer.Beats.Any(b => b.Silo.Equals(self));
        if (!hasRow && answer.Epoch == _views.Latest.Epoch) BeFenced("The cluster declared it dead long ago.");
        else if (now >= _lease.FenceAt) BeFenced("The membership table was lost while it was past its lease.");
        else if (now >= _registerAt)
        {
            _registerAt = now + timings.RetryPeriod;
            _actionsToCome.Add(new RegisterAgain());
        }
    }
}
