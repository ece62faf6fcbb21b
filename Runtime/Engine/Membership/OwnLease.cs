using Orleans.Runtime;

namespace Granary.Engine.Membership;

/// <summary>
/// How long this silo may run turns: a lease from when the last successful renewal was sent; beyond that, as long as a strict majority of the silos that were active in the view it acts by supports it,
/// and never longer than the outage that is allowed. Data of <see cref="FailureDetector"/>, which holds the proof.
/// </summary>
internal sealed class OwnLease(SiloAddress self, LeaseTimings timings)
{
    private const int MaxUnanswered = 16;

    private readonly Dictionary<long, MembershipView> _sent = []; // renewals not yet answered, by order
    private readonly List<MembershipView> _views = []; // of the last successful renewal and those sent after it: the table holds one of these
    private readonly Dictionary<SiloAddress, TimeSpan> _supports = []; // until when
    private readonly Dictionary<SiloAddress, SupportAnswer> _answers = []; // of the present round
    private TimeSpan _roundAt;
    private bool _isKnownToTable; // the table holds, as what this silo acts by, one of _views

    /// <summary>When the last successful renewal was sent; null before the first.</summary>
    internal TimeSpan? RenewedAt { get; private set; }

    /// <summary>From then on no turn may run.</summary>
    internal TimeSpan FenceAt { get; private set; } = TimeSpan.MinValue;

    /// <summary>The round of questions that is open; 0 when none is.</summary>
    internal long Round { get; private set; }

    internal TimeSpan RoundAt => _roundAt;

    /// <summary>Whether it is time to ask others.</summary>
    internal bool IsEnding(TimeSpan now) => RenewedAt is { } at && timings.MaxStoreOutage > TimeSpan.Zero && now >= at + timings.Lease - timings.AskLead;

    /// <summary>The silos whose support counts.</summary>
    internal IEnumerable<SiloAddress> Voters => _views.SelectMany(v => v.Active).Select(s => s.Address).Where(s => !s.Equals(self)).Distinct();

    /// <summary>The row was written, with its first beat: that is a lease, though nobody knows yet by which view the silo acts.</summary>
    internal void OnJoined(TimeSpan sentAt) => FenceAt = sentAt + timings.Lease;

    internal void OnSent(long order, MembershipView view)
    {
        _sent[order] = view;
        // Older ones than these will not be answered any more; whether the table took them is not known, and their views stay among those that count.
        _sent.Remove(order - MaxUnanswered);
        if (_views.Count == 0 || !IsSame(_views[^1], view)) _views.Add(view);
    }

    internal void OnHeld(RenewLease renewal, string epoch)
    {
        if (RenewedAt is { } last && renewal.SentAt <= last) return;
        RenewedAt = renewal.SentAt;
        FenceAt = Max(FenceAt, renewal.SentAt + timings.Lease);
        _isKnownToTable = false;
        if (_sent.TryGetValue(renewal.Order, out var view) && view.Epoch == epoch)
        {
            _isKnownToTable = true;
            _views.RemoveRange(0, Math.Max(0, _views.FindIndex(v => IsSame(v, view))));
        }

        foreach (var order in _sent.Keys.Where(o => o <= renewal.Order).ToArray()) _sent.Remove(order);
        _supports.Clear();
        _answers.Clear();
        Round = 0;
    }

    /// <summary>Opens a round of questions.</summary>
    internal void Ask(long round, TimeSpan now)
    {
        Round = round;
        _roundAt = now;
        _answers.Clear();
    }

    internal void OnAnswer(SiloAddress silo, long round, SupportAnswer answer)
    {
        if (round == Round && round != 0) _answers[silo] = answer;
    }

    /// <summary>Closes the round: unless someone can renew, who supported does so for a lease from when it was asked.</summary>
    internal void CloseRound()
    {
        if (Round == 0) return;
        Round = 0;
        if (_answers.ContainsValue(SupportAnswer.CanRenew)) return;
        foreach (var (silo, answer) in _answers)
        {
            if (answer == SupportAnswer.Supported) _supports[silo] = _roundAt + timings.Lease;
        }

        _supports[self] = _roundAt + timings.Lease;
        if (RenewedAt is not { } renewed || !_isKnownToTable) return;
        var supportedUntil = Min(_views.Min(SupportedUntil), renewed + timings.Lease + timings.MaxStoreOutage);
        FenceAt = Max(FenceAt, supportedUntil);
    }

    /// <summary>Whether everyone who counts has answered.</summary>
    internal bool IsRoundComplete => Round != 0 && Voters.All(_answers.ContainsKey);

    /// <summary>Until when a strict majority of the view's active silos supports this one.</summary>
    private TimeSpan SupportedUntil(MembershipView view)
    {
        var needed = (view.Active.Length / 2) + 1;
        if (view.Active.Length == 0) return TimeSpan.MinValue;
        return view.Active.Select(s => _supports.GetValueOrDefault(s.Address, TimeSpan.MinValue)).OrderDescending().ElementAtOrDefault(needed - 1);
    }

    private static bool IsSame(MembershipView a, MembershipView b) => a.Version == b.Version && a.Epoch == b.Epoch;

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
