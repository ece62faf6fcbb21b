using Granary.Engine.Membership;

namespace Granary.Membership.Tests;

/// <summary>Thousands of random schedules; each is one seed, and a failure prints it with what happened.</summary>
public sealed class ScheduleTests
{
    private static readonly LeaseTimings s_timings = new() { MaxStoreOutage = TimeSpan.FromSeconds(40) };

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void No_silo_runs_a_turn_after_it_has_been_declared_dead(int part)
    {
        var declared = 0;
        var extended = 0;
        for (var i = 0; i < Schedules(); i++)
        {
            var seed = (part * 1_000_000) + i;
            try
            {
                var cluster = RunOne(seed);
                declared += cluster.Declared;
                extended += cluster.Extended;
            }
            catch (Xunit.Sdk.XunitException broken)
            {
                Assert.Fail($"Seed {seed}: {broken.Message}");
            }
        }

        // The schedules reach what they are for.
        Assert.True(declared > 50, $"Only {declared} silos were declared dead.");
        Assert.True(extended > 50, $"Only {extended} leases were extended by support.");
    }

    /// <summary>Schedules that have shown something once.</summary>
    [Theory]
    [InlineData(2000354)]
    [InlineData(1000400)]
    [InlineData(3000527)]
    public void A_schedule_that_broke_it_once_does_not_break_it_again(int seed) => RunOne(seed);

    private static int Schedules() => int.TryParse(Environment.GetEnvironmentVariable("GRANARY_SCHEDULES"), out var count) ? count : 250;

    private static ModelCluster RunOne(int seed)
    {
        var cluster = new ModelCluster(seed, s_timings);
        var random = cluster.Random;
        cluster.MostDelay = TimeSpan.FromMilliseconds(random.Next(3) switch { 0 => 5, 1 => 100, _ => 2_000 });
        cluster.Loss = random.Next(3) switch { 0 => 0, 1 => 0.02, _ => 0.2 };
        // Any two differ by less than (lease + margin) / lease, which is 1.2.
        var count = random.Next(2, 6);
        for (var i = 0; i < count; i++)
        {
            cluster.Add(0.92 + (0.18 * random.NextDouble()));
            if (random.Next(2) == 0) cluster.Run(TimeSpan.FromSeconds(random.NextDouble()));
        }

        cluster.Run(TimeSpan.FromSeconds(2));
        var faults = random.Next(3, 14);
        for (var i = 0; i < faults; i++)
        {
            Break(cluster);
            cluster.Run(TimeSpan.FromSeconds(random.Next(4) switch { 0 => random.NextDouble(), 1 => 3 * random.NextDouble(), 2 => 14 * random.NextDouble(), _ => 60 * random.NextDouble() }));
        }

        cluster.Run(TimeSpan.FromSeconds(30));
        return cluster;
    }

    private static void Break(ModelCluster cluster)
    {
        var random = cluster.Random;
        var silo = cluster.Silos[random.Next(cluster.Silos.Count)];
        var other = cluster.Silos[random.Next(cluster.Silos.Count)];
        switch (random.Next(14))
        {
            case 0:
                silo.Kill();
                break;
            case 1:
                silo.Pause();
                cluster.At(TimeSpan.FromSeconds(20 * random.NextDouble()), silo.Resume);
                break;
            case 2 or 3:
                if (silo != other) silo.CutFrom(other);
                break;
            case 4:
                foreach (var a in cluster.Silos)
                {
                    foreach (var b in cluster.Silos) a.Heal(b);
                }

                break;
            case 5 or 6:
                cluster.Write($"{silo} is cut from the table");
                silo.IsCutFromTable = true;
                break;
            case 7:
                cluster.Write("all are cut from the table");
                foreach (var a in cluster.Silos) a.IsCutFromTable = true;
                break;
            case 8:
                cluster.Write("all but one are cut from the table");
                foreach (var a in cluster.Silos) a.IsCutFromTable = a != silo;
                break;
            case 9 or 10:
                cluster.Write("the table is there again");
                foreach (var a in cluster.Silos) a.IsCutFromTable = false;
                break;
            case 11:
                if (cluster.Silos.Count < 8) cluster.Add(0.92 + (0.18 * random.NextDouble()));
                break;
            case 12:
                if (random.Next(2) == 0) cluster.LoseTable();
                break;
            default:
                cluster.Write($"{silo} is alone with its table");
                foreach (var a in cluster.Silos.Where(a => a != silo)) a.CutFrom(silo);
                foreach (var a in cluster.Silos) a.IsCutFromTable = a != silo;
                break;
        }
    }
}
