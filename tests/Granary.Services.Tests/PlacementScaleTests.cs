using System.Net;
using Granary.Calls;
using Granary.Engine.Membership;
using Granary.Engine.Placement;
using Granary.Engine.Routing;
using Orleans.Runtime;
using Xunit.Abstractions;

namespace Granary.Services.Tests;

/// <summary>
/// Each strategy places 100,000 grains over three silos as a cluster does: every silo decides for the grains whose home it is, by what it placed itself and what the others told it last.
/// Seeded; the figures stand in docs/transport.md.
/// </summary>
public sealed class PlacementScaleTests(ITestOutputHelper output)
{
    private const int Grains = 100_000;

    /// <summary>Placements of the whole cluster between two reports of load.</summary>
    private const int ReportEvery = 5_000;

    private static readonly CallInterface s_interface = new(typeof(INearGrain), "scale", 0, _ => throw new NotSupportedException(), []);

    [Fact]
    public void Random_placement_spreads_as_chance_does()
    {
        var counts = Place(3, (_, random) => new RandomPolicy(random));
        AssertEven(counts, mostOverMean: 1.01);
    }

    [Fact]
    public void Hash_based_placement_spreads_as_chance_does_and_moves_a_quarter_when_a_fourth_silo_comes()
    {
        var counts = Place(3, static (_, _) => new HashBasedPolicy());
        AssertEven(counts, mostOverMean: 1.01);

        var (three, four) = (Silos(3), Silos(4));
        var moved = Enumerable.Range(0, Grains).Select(Id).Count(id => !GrainLocator.HighestWeight(id, three)!.Equals(GrainLocator.HighestWeight(id, four)));
        Assert.InRange(moved, Grains * 0.24, Grains * 0.26);
    }

    [Fact]
    public void Prefer_local_placement_spreads_as_the_callers_do()
    {
        var counts = Place(3, static (_, random) => new PreferLocalPolicy(random));
        AssertEven(counts, mostOverMean: 1.01);
    }

    [Fact]
    public void Activation_count_based_placement_is_even_to_a_hundredth()
    {
        var counts = Place(3, static (loads, random) => new ActivationCountPolicy(loads, random));
        Assert.InRange(MaxOverMean(counts), 1, 1.01);
    }

    [Fact]
    public void Resource_optimized_placement_is_even_to_a_hundredth_when_the_silos_are_alike()
    {
        var counts = Place(3, static (loads, random) => new ResourceOptimizedPolicy(loads, random));
        Assert.InRange(MaxOverMean(counts), 1, 1.01);
    }

    [Fact]
    public void Silo_role_based_placement_spreads_over_the_silos_of_the_role_only()
    {
        var silos = Silos(3);
        silos[0] = silos[0] with { Roles = [] };
        var policy = new SiloRolePolicy(new Random(7));
        var counts = new int[3];
        for (var i = 0; i < Grains; i++) counts[IndexOf(policy.Choose(new PlacementRequest(GrainId.Create("t", "back"), s_interface, null), silos)!)]++;
        Assert.Equal(0, counts[0]);
        AssertEven(counts[1..], mostOverMean: 1.01);
    }

    [Theory]
    [InlineData("ActivationCountBased")]
    [InlineData("ResourceOptimized")]
    public void A_silo_that_joins_gets_half_of_the_new_grains_and_the_others_share_the_rest(string strategy)
    {
        var counts = Place(4, (loads, random) => Make(strategy, loads, random), start: [Grains, Grains, Grains, 0]);
        output.WriteLine($"{strategy}, after a join: {string.Join(", ", counts)}");
        // Of two random silos one is the new one every other time, and then it gets the grain: half of them, and no more.
        Assert.InRange(counts[3], Grains * 0.49, Grains * 0.51);
        Assert.InRange(counts[..3].Max() - counts[..3].Min(), 0, Grains * 0.02);
    }

    [Theory]
    [InlineData("ActivationCountBased", 100, 0)]
    [InlineData("ActivationCountBased", 10, 150)]
    [InlineData("ResourceOptimized", 100, 0)]
    [InlineData("ResourceOptimized", 10, 150)]
    public void A_slow_silo_gets_fewer_new_grains(string strategy, int cpuPercent, int queueDelayMs)
    {
        var counts = Place(3, (loads, random) => Make(strategy, loads, random), loadOf: silo => silo == 0 ? (cpuPercent, queueDelayMs) : (10, 0));
        output.WriteLine($"{strategy}, silo 1 at {cpuPercent}% CPU and {queueDelayMs} ms delay: {string.Join(", ", counts)}");
        Assert.InRange(counts[0], 0, Grains / 4);
        Assert.InRange(Math.Abs(counts[1] - counts[2]), 0, Grains * 0.01);
    }

    [Theory]
    [InlineData("ActivationCountBased")]
    [InlineData("ResourceOptimized")]
    public void An_overloaded_silo_gets_none(string strategy)
    {
        var silos = Silos(3);
        var loads = new LoadTable();
        loads.Report(silos[0].Address, new SiloLoad(0, 0, 0, 100, IsOverloaded: true));
        loads.Report(silos[1].Address, new SiloLoad(1000, 50, 50, 50, IsOverloaded: false));
        loads.Report(silos[2].Address, new SiloLoad(1000, 50, 50, 50, IsOverloaded: false));
        var policy = Make(strategy, loads, new Random(3));
        for (var i = 0; i < 1000; i++) Assert.NotEqual(silos[0].Address, policy.Choose(new PlacementRequest(Id(i), s_interface, null), silos));
    }

    private static IPlacementPolicy Make(string strategy, LoadTable loads, Random random) => strategy == "ActivationCountBased" ? new ActivationCountPolicy(loads, random) : new ResourceOptimizedPolicy(loads, random);

    /// <summary>How many grains each silo has, or has got besides those it started with.</summary>
    private int[] Place(int silos, Func<LoadTable, Random, IPlacementPolicy> make, int[]? start = null, Func<int, (int Cpu, int Delay)>? loadOf = null)
    {
        var entries = Silos(silos);
        var tables = Enumerable.Range(0, silos).Select(_ => new LoadTable()).ToArray();
        var policies = tables.Select((loads, i) => make(loads, new Random(100 + i))).ToArray();
        var callers = new Random(5);
        var placed = new int[silos];
        for (var i = 0; i < Grains; i++)
        {
            if (i % ReportEvery == 0) Report();
            var id = Id(i);
            var home = IndexOf(GrainLocator.HighestWeight(id, entries)!);
            var chosen = policies[home].Choose(new PlacementRequest(id, s_interface, entries[callers.Next(silos)].Address), entries)!;
            tables[home].OnPlaced(chosen);
            placed[IndexOf(chosen)]++;
        }

        output.WriteLine($"{make(tables[0], callers).GetType().Name}: {string.Join(", ", placed)}; most / mean {MaxOverMean(placed):0.0000}, chi-square {ChiSquare(placed):0.0}");
        return placed;

        // Each silo tells each other one: all know all.
        void Report()
        {
            for (var silo = 0; silo < silos; silo++)
            {
                var (cpu, delay) = loadOf?.Invoke(silo) ?? (20, 0);
                var load = new SiloLoad((start?[silo] ?? 0) + placed[silo], cpu, 1000, 3000, IsOverloaded: false, delay);
                foreach (var table in tables) table.Report(entries[silo].Address, load);
            }
        }
    }

    /// <summary>A chi-square test of evenness at the level of one in a thousand, beside a bound that says it in plain figures.</summary>
    private static void AssertEven(int[] counts, double mostOverMean)
    {
        // The 99.9th percentile of chi-square with 1, 2 and 3 degrees of freedom.
        double[] limits = [10.83, 13.82, 16.27];
        Assert.InRange(ChiSquare(counts), 0, limits[counts.Length - 2]);
        Assert.InRange(MaxOverMean(counts), 1, mostOverMean);
    }

    private static double ChiSquare(int[] counts)
    {
        var mean = counts.Average();
        return counts.Sum(c => (c - mean) * (c - mean) / mean);
    }

    private static double MaxOverMean(int[] counts) => counts.Max() / counts.Average();

    private static GrainId Id(int i) => GrainId.Create("t", $"grain-{i}");

    private static int IndexOf(SiloAddress silo) => silo.Endpoint.Port - 1;

    private static SiloEntry[] Silos(int count) =>
        [.. Enumerable.Range(1, count).Select(port => new SiloEntry(SiloAddress.New(IPAddress.Loopback, port, 5), $"silo {port}", SiloStatus.Active, ["back"], [new GrainManifestEntry("t", "scale", 0, "")], default))];
}
