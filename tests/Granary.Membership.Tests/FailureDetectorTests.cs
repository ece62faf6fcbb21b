using System.Net;
using Granary.Engine.Membership;
using Orleans.Runtime;

namespace Granary.Membership.Tests;

/// <summary>Interleavings that schedules reach seldom: one detector, told exactly what happens and when.</summary>
public sealed class FailureDetectorTests
{
    private static readonly LeaseTimings s_timings = new();
    private static readonly SiloAddress s_self = Silo(1);
    private static readonly SiloAddress s_other = Silo(2);
    private static readonly SiloAddress s_third = Silo(3);

    private readonly FailureDetector _detector = new(s_self, s_timings);
    private TimeSpan _now = TimeSpan.FromSeconds(1000);
    private DetectorAction[] _others = [];

    [Fact]
    public void A_beat_that_moves_between_suspicion_and_declaration_voids_it()
    {
        Join(3);
        Gone(s_other, beat: 5);
        Pass(0.9, s_other, 5, [s_self, s_third]);
        Pass(2, s_other, 6, []);
        Assert.DoesNotContain(Pass(3, s_other, 7, []), a => a is DeclareSiloDead);
    }

    [Fact]
    public void Two_witnesses_and_a_beat_that_stood_still_are_proof()
    {
        Join(3);
        Gone(s_other, beat: 5);
        Assert.DoesNotContain(Pass(0.9, s_other, 5, [s_self, s_third]), a => a is DeclareSiloDead);
        Assert.Contains(Pass(0.3, s_other, 5, [s_self, s_third]), a => a is DeclareSiloDead { Beat: 5 });
    }

    [Fact]
    public void A_silo_whose_dying_resets_the_connection_is_dialled_again_before_the_next_probe()
    {
        Join(2);
        Read(s_other, 5, []);
        _detector.OnPeerLost(_now, s_other);
        Assert.Contains(Tick(), a => a is DialSilo);
        _detector.OnDialed(_now, s_other, DialOutcome.Unknown);
        Assert.DoesNotContain(Tick(), a => a is DialSilo);
        _now += s_timings.RetryPeriod / 10;
        Assert.Contains(Tick(), a => a is DialSilo);
        _detector.OnDialed(_now, s_other, DialOutcome.Gone);
        Assert.Contains(Read(s_other, 5, []), a => a is SuspectSilo);
        Assert.Contains(Pass(1.1, s_other, 5, [s_self]), a => a is DeclareSiloDead);
    }

    [Fact]
    public void A_silo_that_joins_is_probed_at_once()
    {
        Join(2);
        Tick();
        Assert.DoesNotContain(Tick(), a => a is ProbeSilo);
        _detector.OnView(_now, View(3) with { Version = 4 });
        Assert.Contains(Tick(), a => a is ProbeSilo probe && probe.Silo.Equals(s_third));
    }

    [Fact]
    public void One_witness_of_three_silos_is_no_proof()
    {
        Join(3);
        Gone(s_other, beat: 5);
        Assert.DoesNotContain(Pass(5, s_other, 5, [s_self]), a => a is DeclareSiloDead);
    }

    [Fact]
    public void Others_witnesses_are_no_proof_without_an_own_look()
    {
        Join(3);
        Assert.Contains(Read(s_other, 5, [s_third, Silo(4)]), a => a is DialSilo);
        _detector.OnDialed(_now, s_other, DialOutcome.Unknown);
        Assert.DoesNotContain(Pass(5, s_other, 5, [s_third, Silo(4)]), a => a is DeclareSiloDead);
    }

    [Fact]
    public void What_the_beat_did_before_the_address_was_found_deserted_does_not_void_the_proof()
    {
        Join(2);
        Read(s_other, 5, []);
        _detector.OnPeerLost(_now, s_other);
        Assert.Contains(Tick(), a => a is DialSilo);
        _detector.OnDialed(_now, s_other, DialOutcome.Gone);
        // It had moved once more before it died, which is only read now.
        Assert.Contains(Read(s_other, 6, []), a => a is SuspectSilo { Beat: 6 });
        Assert.Contains(Pass(1.1, s_other, 6, [s_self]), a => a is DeclareSiloDead { Beat: 6 });
    }

    [Fact]
    public void Who_has_given_support_is_no_witness_for_a_lease_and_its_margin_even_with_proof()
    {
        Join(2);
        Read(s_other, 5, []);
        _now += TimeSpan.FromSeconds(4); // without a renewal: it cannot
        Assert.Equal(SupportAnswer.Supported, _detector.OnAsked(_now, s_other));
        Gone(s_other, beat: 5);
        Assert.DoesNotContain(Pass(s_timings.Silence.TotalSeconds - 0.1, s_other, 5, []), a => a is SuspectSilo);
        Assert.Contains(Pass(0.2, s_other, 5, []), a => a is SuspectSilo);
    }

    [Fact]
    public void A_witness_gives_no_support_until_it_has_seen_the_beat_move()
    {
        Join(3);
        Read(s_other, 5, []);
        Pass(s_timings.Silence.TotalSeconds + 1, s_other, 5, []);
        _now += TimeSpan.FromSeconds(4);
        Assert.Equal(SupportAnswer.None, _detector.OnAsked(_now, s_other));
        Read(s_other, 6, []);
        _now += TimeSpan.FromSeconds(4);
        Assert.Equal(SupportAnswer.Supported, _detector.OnAsked(_now, s_other));
    }

    [Fact]
    public void A_witness_gives_no_support_in_another_epoch_either()
    {
        Join(3);
        Read(s_other, 5, []);
        Pass(s_timings.Silence.TotalSeconds + 1, s_other, 5, []);
        _detector.OnView(_now, View(3) with { Epoch = "other" });
        Read(s_other, 100, [], epoch: "other");
        _now += TimeSpan.FromSeconds(4);
        Assert.Equal(SupportAnswer.None, _detector.OnAsked(_now, s_other));
    }

    [Fact]
    public void An_answer_that_comes_late_does_not_bring_an_older_beat_back()
    {
        Join(2);
        var early = Renewal();
        _detector.OnRenewFailed(early);
        Read(s_other, 6, []);
        Pass(s_timings.Silence.TotalSeconds + 1, s_other, 6, []);
        _detector.OnRenewed(_now, early, Answer([new SiloBeat(s_other, 5, 3, [])]));
        _now += TimeSpan.FromSeconds(4);
        Assert.Equal(SupportAnswer.None, _detector.OnAsked(_now, s_other));
    }

    [Fact]
    public void A_row_that_others_wrote_in_a_new_epoch_does_not_bring_a_silo_back_that_is_past_its_lease()
    {
        Join(2);
        Renew();
        // It stood still, and asks before it ends.
        _now += s_timings.Lease + TimeSpan.FromSeconds(5);
        var renewal = Tick().OfType<RenewLease>().Single();
        Assert.False(_detector.IsFenced);
        _detector.OnRenewed(_now, renewal, Answer([], "other"));
        Assert.True(_detector.IsFenced);
    }

    [Fact]
    public void A_row_that_is_missing_in_the_same_epoch_was_a_dead_one()
    {
        Join(2);
        Renew();
        _detector.OnRenewed(_now, Renewal(), Answer([]) with { Lease = LeaseState.Lost });
        Assert.Contains(Tick(), a => a is Fence);
    }

    [Fact]
    public void A_row_that_is_missing_in_another_epoch_is_written_again()
    {
        Join(2);
        Renew();
        _detector.OnRenewed(_now, Renewal(), Answer([], "other") with { Lease = LeaseState.Lost });
        Assert.Contains(Tick(), a => a is RegisterAgain);
        Assert.False(_detector.IsFenced);
    }

    [Fact]
    public void Support_counts_from_the_question_and_not_if_anyone_can_renew()
    {
        Join(3);
        Renew();
        var renewedAt = _now;
        _now += s_timings.Lease - TimeSpan.FromSeconds(2);
        var asked = Tick().OfType<AskForSupport>().ToArray();
        var askedAt = _now;
        Assert.Equal(2, asked.Length);
        _now += TimeSpan.FromSeconds(0.2);
        _detector.OnAnswer(s_other, asked[0].Round, SupportAnswer.Supported);
        _detector.OnAnswer(s_third, asked[0].Round, SupportAnswer.CanRenew);
        Tick();
        Assert.Equal(renewedAt + s_timings.Lease, _detector.FenceAt);

        _now = askedAt + s_timings.AskPeriod;
        asked = [.. Tick().OfType<AskForSupport>()];
        askedAt = _now;
        _now += TimeSpan.FromSeconds(0.2);
        _detector.OnAnswer(s_other, asked[0].Round, SupportAnswer.Supported);
        _detector.OnAnswer(s_third, asked[0].Round, SupportAnswer.None);
        Tick();
        Assert.Equal(askedAt + s_timings.Lease, _detector.FenceAt);
    }

    [Fact]
    public void An_answer_to_an_earlier_round_does_not_count()
    {
        Join(2);
        Renew();
        var renewedAt = _now;
        _now += s_timings.Lease - TimeSpan.FromSeconds(2);
        var first = Tick().OfType<AskForSupport>().Single();
        _now += s_timings.AskPeriod;
        Tick();
        _detector.OnAnswer(s_other, first.Round, SupportAnswer.Supported);
        _now += s_timings.AskPeriod - TimeSpan.FromMilliseconds(1);
        Tick();
        Assert.Equal(renewedAt + s_timings.Lease, _detector.FenceAt);
    }

    [Fact]
    public void A_silo_that_hears_of_its_death_from_another_one_ends()
    {
        Join(2);
        Renew();
        _detector.OnAnswer(s_other, 1, SupportAnswer.Dead);
        Assert.True(_detector.IsFenced);
        Assert.Equal(TimeSpan.MinValue, _detector.FenceAt);
    }

    private static SiloAddress Silo(int port) => SiloAddress.New(IPAddress.Loopback, port, 1);

    private static MembershipView View(int silos) =>
        new(3, [.. Enumerable.Range(1, silos).Select(i => new SiloEntry(Silo(i), $"{i}", SiloStatus.Active, [], [], default) { ActiveSince = Math.Min(i, 3) })]) { Epoch = "epoch" };

    private static Renewal Answer(SiloBeat[] beats, string epoch = "epoch") => new(LeaseState.Held, 3, epoch, beats);

    private void Join(int silos) => _detector.OnJoined(_now, _now, View(silos));

    private DetectorAction[] Tick() => [.. _detector.Tick(_now)];

    /// <summary>A renewal that is sent now.</summary>
    private RenewLease Renewal()
    {
        _detector.OnTableChanged(_now);
        var actions = Tick();
        _others = [.. actions.Where(a => a is not RenewLease)];
        return actions.OfType<RenewLease>().Single();
    }

    private void Renew() => _detector.OnRenewed(_now, Renewal(), Answer([]));

    private DetectorAction[] Read(SiloAddress silo, long beat, SiloAddress[] witnesses, string epoch = "epoch")
    {
        _detector.OnRenewed(_now, Renewal(), Answer([new SiloBeat(silo, beat, 3, witnesses)], epoch));
        return [.. _others, .. Tick()];
    }

    /// <summary>Its address is found deserted, and its beat read.</summary>
    private void Gone(SiloAddress silo, long beat)
    {
        Read(silo, beat, []);
        _detector.OnPeerLost(_now, silo);
        Tick();
        _detector.OnDialed(_now, silo, DialOutcome.Gone);
        Read(silo, beat, []);
    }

    /// <summary>Time passes with a reading every half second; what was to be done meanwhile.</summary>
    private List<DetectorAction> Pass(double seconds, SiloAddress silo, long beat, SiloAddress[] witnesses)
    {
        var actions = new List<DetectorAction>();
        var end = _now + TimeSpan.FromSeconds(seconds);
        while (_now < end)
        {
            _now = _now + s_timings.RenewPeriod < end ? _now + s_timings.RenewPeriod : end;
            actions.AddRange(Read(silo, beat, witnesses));
        }

        return actions;
    }
}
