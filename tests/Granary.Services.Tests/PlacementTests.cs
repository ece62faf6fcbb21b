using Granary.Calls;
using Granary.Engine.Membership;
using Granary.Engine.Placement;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Versions.Compatibility;
using Orleans.Versions.Selector;

namespace Granary.Services.Tests;

public interface INearGrain : IGrainWithStringKey
{
    Task<string> Where();

    Task<string> WhereIsNew(string key);
}

[PreferLocalPlacement]
public sealed class NearGrain : Grain, INearGrain
{
    public Task<string> Where() => Task.FromResult(RuntimeIdentity);

    public Task<string> WhereIsNew(string key) => GrainFactory.GetGrain<INearGrain>(key).Where();
}

public interface IRoleGrain : IGrainWithStringKey
{
    Task<string> Where();
}

[SiloRoleBasedPlacement]
public sealed class RoleGrain : Grain, IRoleGrain
{
    public Task<string> Where() => Task.FromResult(RuntimeIdentity);
}

public interface IHashedGrain : IGrainWithStringKey
{
    Task<string> Where();
}

[HashBasedPlacement]
public sealed class HashedGrain : Grain, IHashedGrain
{
    public Task<string> Where() => Task.FromResult(RuntimeIdentity);
}

public interface ICountedGrain : IGrainWithIntegerKey
{
    Task<string> Where();
}

[ActivationCountBasedPlacement]
public sealed class CountedGrain : Grain, ICountedGrain
{
    public Task<string> Where() => Task.FromResult(RuntimeIdentity);
}

public sealed class PlacementTests
{
    private static readonly CallInterface s_interface = new(typeof(INearGrain), "test", 0, _ => throw new NotSupportedException(), []);

    [Fact]
    public async Task A_grain_that_prefers_its_callers_silo_is_placed_there_wherever_its_home_is()
    {
        await using var cluster = await Cluster.StartAsync(3);
        for (var i = 0; i < 30; i++)
        {
            var first = cluster.GrainFactory.GetGrain<INearGrain>($"first{i}");
            Assert.Equal(await first.Where(), await first.WhereIsNew($"second{i}"));
        }
    }

    [Fact]
    public async Task A_role_is_a_place_and_a_role_that_no_silo_has_is_an_error()
    {
        var silos = 0;
        await using var cluster = await Cluster.StartAsync(2, s =>
        {
            var role = Interlocked.Increment(ref silos) == 1 ? "front" : "back";
            s.Configure<Hosting.EngineOptions>(o => o.Roles.Add(role));
        });
        var front = await cluster.GrainFactory.GetGrain<IRoleGrain>("front").Where();
        var back = await cluster.GrainFactory.GetGrain<IRoleGrain>("back").Where();
        Assert.NotEqual(front, back);
        var error = await Assert.ThrowsAnyAsync<OrleansException>(() => cluster.GrainFactory.GetGrain<IRoleGrain>("nowhere").Where());
        Assert.Contains("SiloRoleBasedPlacement", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hash_based_placement_is_the_same_after_every_deactivation()
    {
        await using var cluster = await Cluster.StartAsync(3);
        for (var i = 0; i < 10; i++)
        {
            var grain = cluster.GrainFactory.GetGrain<IHashedGrain>($"g{i}");
            var before = await grain.Where();
            await cluster.DeactivateAsync(grain).Within();
            Assert.Equal(before, await grain.Where());
        }
    }

    [Fact]
    public async Task Activation_count_based_placement_spreads_a_burst_evenly()
    {
        await using var cluster = await Cluster.StartAsync(3);
        var where = await Task.WhenAll(Enumerable.Range(0, 300).Select(i => cluster.GrainFactory.GetGrain<ICountedGrain>(i).Where()));
        var counts = where.GroupBy(w => w, StringComparer.Ordinal).Select(g => g.Count()).Order().ToArray();
        Assert.Equal(3, counts.Length);
        // Each silo places by its own knowledge of the others; two choices keep it within a third of even.
        Assert.InRange(counts[0], 66, 100);
        Assert.InRange(counts[2], 100, 134);
    }

    [Fact]
    public void Two_choices_take_the_silo_with_fewer_activations_and_count_what_was_placed_since()
    {
        var loads = new LoadTable();
        var (a, b) = (Silo(1), Silo(2));
        loads.Report(a.Address, new SiloLoad(10, 0, 0, 1, false));
        loads.Report(b.Address, new SiloLoad(8, 0, 0, 1, false));
        var policy = new ActivationCountPolicy(loads, new Random(1));
        Assert.Equal(b.Address, policy.Choose(Request("x"), [a, b]));
        for (var i = 0; i < 3; i++) loads.OnPlaced(b.Address);
        Assert.Equal(a.Address, policy.Choose(Request("x"), [a, b]));
        loads.Report(b.Address, new SiloLoad(8, 0, 0, 1, false));
        Assert.Equal(b.Address, policy.Choose(Request("x"), [a, b]));
    }

    [Fact]
    public void The_less_loaded_of_two_silos_is_chosen_and_an_overloaded_one_never()
    {
        var loads = new LoadTable();
        var (busy, idle, overloaded) = (Silo(1), Silo(2), Silo(3));
        loads.Report(busy.Address, new SiloLoad(100, 90, 80, 20, false));
        loads.Report(idle.Address, new SiloLoad(110, 5, 20, 80, false));
        loads.Report(overloaded.Address, new SiloLoad(0, 0, 0, 100, true));
        var policy = new ResourceOptimizedPolicy(loads, new Random(1));
        Assert.Equal(idle.Address, policy.Choose(Request("x"), [busy, idle]));
        Assert.Equal(busy.Address, policy.Choose(Request("x"), [busy, overloaded]));
    }

    [Theory]
    [InlineData(nameof(BackwardCompatible), nameof(AllCompatibleVersions), 2, "2,3")]
    [InlineData(nameof(BackwardCompatible), nameof(LatestVersion), 2, "3")]
    [InlineData(nameof(BackwardCompatible), nameof(MinimumVersion), 1, "1")]
    [InlineData(nameof(StrictVersionCompatible), nameof(AllCompatibleVersions), 2, "2")]
    [InlineData(nameof(AllVersionsCompatible), nameof(AllCompatibleVersions), 3, "1,2,3")]
    [InlineData(nameof(BackwardCompatible), nameof(AllCompatibleVersions), 4, "")]
    public void Silos_are_chosen_by_the_version_they_serve(string compatibility, string selector, ushort requested, string expected)
    {
        var services = new ServiceCollection();
        services.Configure<GrainVersioningOptions>(o =>
        {
            o.DefaultCompatibilityStrategy = compatibility;
            o.DefaultVersionSelectorStrategy = selector;
        });
        services.AddOptions();
        var rules = VersionRules.From(services.BuildServiceProvider());
        var chosen = rules.Select(requested, [(Silo(1), (ushort)1), (Silo(2), (ushort)2), (Silo(3), (ushort)3)]);
        Assert.Equal(expected, string.Join(',', chosen.Select(s => s.Address.Endpoint.Port)));
    }

    [Fact]
    public void An_unknown_strategy_name_is_an_error_that_lists_the_known_ones()
    {
        var services = new ServiceCollection();
        services.Configure<GrainVersioningOptions>(o => o.DefaultCompatibilityStrategy = "Sometimes");
        var error = Assert.Throws<OrleansConfigurationException>(() => VersionRules.From(services.BuildServiceProvider()));
        Assert.Contains(nameof(BackwardCompatible), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_view_survives_its_journey_to_a_client_and_damaged_bytes_are_a_clean_error()
    {
        var endpoints = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("http", "http://10.0.0.1:8081");
        var view = new MembershipView(7, [Silo(1) with { Roles = ["a", "b"], Release = "1.2", Weight = 50, Endpoints = endpoints, ActiveSince = 3 }, Silo(2) with { Status = SiloStatus.Dead }]) { Epoch = "first" };
        var bytes = MembershipViewCodec.Encode(view);
        var back = MembershipViewCodec.Decode(bytes);
        Assert.Equal((7, "first"), (back.Version, back.Epoch));
        Assert.Equal(("1.2", 50, 3L, "http://10.0.0.1:8081"), (back.Silos[0].Release, back.Silos[0].Weight, back.Silos[0].ActiveSince, back.Silos[0].Endpoints["http"]));
        Assert.Equal(view.Silos.Select(s => (s.Address, s.Name, s.Status, s.StartedAt)), back.Silos.Select(s => (s.Address, s.Name, s.Status, s.StartedAt)));
        Assert.Equal(view.Silos[0].Roles.AsEnumerable(), back.Silos[0].Roles.AsEnumerable());
        Assert.Equal(view.Silos[0].GrainTypes.AsEnumerable(), back.Silos[0].GrainTypes.AsEnumerable());
        for (var length = 1; length < bytes.Length; length++)
        {
            try
            {
                MembershipViewCodec.Decode(bytes.AsSpan(0, length));
            }
            catch (Codec.WireFormatException)
            {
                // What it must be, when it is not a shorter view.
            }
        }
    }

    private static PlacementRequest Request(string key) => new(GrainId.Create("t", key), s_interface, null);

    private static SiloEntry Silo(int port) => new(
        SiloAddress.New(System.Net.IPAddress.Loopback, port, 5), $"silo {port}", SiloStatus.Active, [], [new GrainManifestEntry("counter", "ICounter", 2, "RandomPlacement")], new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
}
