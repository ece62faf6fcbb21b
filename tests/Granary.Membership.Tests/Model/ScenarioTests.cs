using Granary.Engine.Membership;
using Orleans.Runtime;

namespace Granary.Membership.Tests;

/// <summary>The rules of docs/membership.md, one at a time, in simulated time.</summary>
public sealed class ScenarioTests
{
    private static readonly TimeSpan s_lease = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(12);

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void A_killed_silo_is_dead_by_proof_a_second_after_its_address_refused(int silos)
    {
        var cluster = Start(silos);
        cluster.Silos[0].Kill();
        var took = cluster.RunUntil(() => cluster.Silos[0].Status == SiloStatus.Dead, TimeSpan.FromSeconds(3));
        Assert.InRange(took, cluster.Timings.ProofDelay, TimeSpan.FromSeconds(1.5));
    }

    [Fact]
    public void The_last_silo_needs_no_second_witness_when_the_others_were_killed_together()
    {
        var cluster = Start(3);
        cluster.Silos[0].Kill();
        cluster.Silos[1].Kill();
        cluster.RunUntil(() => cluster.Silos[..2].All(s => s.Status == SiloStatus.Dead), TimeSpan.FromSeconds(3));
    }

    [Fact]
    public void A_silo_that_only_one_other_cannot_reach_lives()
    {
        var cluster = Start(3);
        cluster.Silos[0].CutFrom(cluster.Silos[1]);
        cluster.Silos[0].LoseConnection(cluster.Silos[1]);
        cluster.Run(TimeSpan.FromMinutes(2));
        Assert.Equal(0, cluster.Declared);
        Assert.DoesNotContain(cluster.Silos, s => s.IsFenced);
    }

    [Fact]
    public void A_paused_silo_is_dead_after_lease_and_margin_not_before_and_runs_nothing_when_it_goes_on()
    {
        var cluster = Start(3);
        var victim = cluster.Silos[0];
        victim.Pause();
        var took = cluster.RunUntil(() => victim.Status == SiloStatus.Dead, TimeSpan.FromSeconds(20));
        Assert.InRange(took, s_silence - cluster.Timings.RenewPeriod, s_silence + TimeSpan.FromSeconds(2));
        Assert.False(victim.MayRunTurns);
        victim.Resume();
        cluster.RunUntil(() => victim.IsFenced, TimeSpan.FromSeconds(2));
    }

    [Fact]
    public void A_silo_paused_beyond_its_lease_that_nobody_has_declared_dead_goes_on()
    {
        var cluster = Start(1);
        var silo = cluster.Silos[0];
        silo.Pause();
        cluster.Run(TimeSpan.FromSeconds(60));
        Assert.False(silo.MayRunTurns);
        silo.Resume();
        cluster.RunUntil(() => silo.MayRunTurns, TimeSpan.FromSeconds(2));
        cluster.Run(TimeSpan.FromSeconds(30));
        Assert.True(silo.MayRunTurns);
    }

    [Fact]
    public void A_cluster_that_stood_still_as_a_whole_goes_on()
    {
        var cluster = Start(3);
        foreach (var silo in cluster.Silos) silo.Pause();
        cluster.Run(TimeSpan.FromMinutes(3));
        foreach (var silo in cluster.Silos) silo.Resume();
        cluster.Run(TimeSpan.FromSeconds(30));
        Assert.All(cluster.Silos, s => Assert.True(s.MayRunTurns));
        Assert.Equal(0, cluster.Declared);
    }

    [Fact]
    public void A_silo_cut_off_from_the_table_alone_ends_with_its_lease_and_is_dead_after_the_margin()
    {
        var cluster = Start(3);
        var victim = cluster.Silos[0];
        victim.IsCutFromTable = true;
        var ended = cluster.RunUntil(() => !victim.MayRunTurns, TimeSpan.FromSeconds(20));
        Assert.InRange(ended, s_lease - TimeSpan.FromSeconds(1), s_lease + TimeSpan.FromSeconds(1));
        cluster.RunUntil(() => victim.Status == SiloStatus.Dead, TimeSpan.FromSeconds(4));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void When_the_table_is_away_for_all_everyone_goes_on_and_nobody_is_condemned_when_it_returns(int silos)
    {
        var cluster = Start(silos);
        foreach (var silo in cluster.Silos) silo.IsCutFromTable = true;
        for (var i = 0; i < 60; i++)
        {
            cluster.Run(TimeSpan.FromSeconds(1));
            Assert.All(cluster.Silos, s => Assert.True(s.MayRunTurns));
        }

        foreach (var silo in cluster.Silos)
        {
            silo.IsCutFromTable = false;
            cluster.Run(TimeSpan.FromSeconds(1));
        }

        cluster.Run(TimeSpan.FromSeconds(30));
        Assert.Equal(0, cluster.Declared);
        Assert.All(cluster.Silos, s => Assert.True(s.MayRunTurns));
    }

    [Fact]
    public void After_the_longest_outage_every_silo_ends()
    {
        var cluster = Start(3);
        foreach (var silo in cluster.Silos) silo.IsCutFromTable = true;
        var took = cluster.RunUntil(() => cluster.Silos.All(s => s.IsFenced), TimeSpan.FromMinutes(6));
        Assert.InRange(took, cluster.Timings.MaxStoreOutage + s_lease - TimeSpan.FromSeconds(1), cluster.Timings.MaxStoreOutage + s_lease + TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void With_no_outage_allowed_a_silo_ends_with_its_lease_even_if_the_table_is_away_for_all()
    {
        var cluster = Start(3, new LeaseTimings { MaxStoreOutage = TimeSpan.Zero });
        foreach (var silo in cluster.Silos) silo.IsCutFromTable = true;
        var took = cluster.RunUntil(() => cluster.Silos.All(s => s.IsFenced), TimeSpan.FromMinutes(1));
        Assert.InRange(took, s_lease - TimeSpan.FromSeconds(1), s_lease + TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void A_majority_cut_off_from_table_and_minority_serves_on_and_the_minority_waits_until_it_cannot_any_more()
    {
        var cluster = Start(3);
        var alone = cluster.Silos[2];
        foreach (var silo in cluster.Silos[..2])
        {
            silo.IsCutFromTable = true;
            silo.CutFrom(alone);
        }

        cluster.Run(TimeSpan.FromMinutes(4));
        Assert.Equal(0, cluster.Declared);
        Assert.All(cluster.Silos, s => Assert.True(s.MayRunTurns));
        cluster.RunUntil(() => cluster.Silos[..2].All(s => s.Status == SiloStatus.Dead), TimeSpan.FromMinutes(3));
        Assert.True(alone.MayRunTurns);
    }

    [Fact]
    public void A_majority_cut_off_from_the_table_only_ends_and_the_minority_takes_over()
    {
        var cluster = Start(3);
        foreach (var silo in cluster.Silos[..2]) silo.IsCutFromTable = true;
        cluster.RunUntil(() => cluster.Silos[..2].All(s => s.Status == SiloStatus.Dead), TimeSpan.FromSeconds(20));
        Assert.True(cluster.Silos[2].MayRunTurns);
    }

    [Fact]
    public void A_minority_cut_off_from_everything_is_taken_over_by_the_majority()
    {
        var cluster = Start(5);
        foreach (var silo in cluster.Silos[..2])
        {
            silo.IsCutFromTable = true;
            foreach (var other in cluster.Silos[2..]) silo.CutFrom(other);
        }

        cluster.RunUntil(() => cluster.Silos[..2].All(s => s.Status == SiloStatus.Dead), TimeSpan.FromSeconds(15));
        Assert.All(cluster.Silos[2..], s => Assert.True(s.MayRunTurns));
    }

    [Fact]
    public void Silos_that_join_while_a_majority_is_silent_do_not_vote_it_dead()
    {
        var cluster = Start(3);
        foreach (var silo in cluster.Silos[..2])
        {
            silo.IsCutFromTable = true;
            silo.CutFrom(cluster.Silos[2]);
        }

        for (var i = 0; i < 4; i++)
        {
            var joined = cluster.Add();
            foreach (var silo in cluster.Silos[..2]) silo.CutFrom(joined);
        }

        cluster.Run(TimeSpan.FromMinutes(3));
        Assert.Equal(0, cluster.Declared);
        Assert.All(cluster.Silos, s => Assert.True(s.MayRunTurns));
    }

    [Fact]
    public void An_observer_that_was_paused_condemns_nobody_for_the_time_it_did_not_look()
    {
        var cluster = Start(2);
        var (observer, other) = (cluster.Silos[0], cluster.Silos[1]);
        other.IsCutFromTable = true;
        observer.Pause();
        cluster.Run(TimeSpan.FromSeconds(9));
        observer.Resume();
        cluster.Run(TimeSpan.FromSeconds(8));
        Assert.Equal(0, cluster.Declared);
    }

    [Fact]
    public void When_the_table_has_lost_its_contents_everyone_registers_again_and_lives()
    {
        var cluster = Start(3);
        cluster.LoseTable();
        cluster.Run(TimeSpan.FromSeconds(30));
        Assert.All(cluster.Silos, s => Assert.Equal(SiloStatus.Active, s.Status));
        Assert.All(cluster.Silos, s => Assert.True(s.MayRunTurns));
        cluster.Silos[0].Kill();
        cluster.RunUntil(() => cluster.Silos[0].Status == SiloStatus.Dead, TimeSpan.FromSeconds(3));
    }

    [Fact]
    public void A_silo_that_falls_silent_as_the_table_is_lost_is_dead_after_lease_and_margin()
    {
        var cluster = Start(3);
        cluster.Silos[0].Pause();
        cluster.LoseTable();
        cluster.RunUntil(() => cluster.Silos[0].Status == SiloStatus.Dead, TimeSpan.FromSeconds(15));
        Assert.All(cluster.Silos[1..], s => Assert.True(s.MayRunTurns));
    }

    private static ModelCluster Start(int silos, LeaseTimings? timings = null)
    {
        var cluster = new ModelCluster(1, timings ?? new LeaseTimings()) { MostDelay = TimeSpan.FromMilliseconds(5) };
        for (var i = 0; i < silos; i++) cluster.Add();
        cluster.Run(TimeSpan.FromSeconds(3));
        return cluster;
    }
}
