using Orleans;
using Orleans.Hosting;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Granary.Services.Tests;

/// <summary>The silo that the key names by its place in the list.</summary>
[GenerateSerializer]
public sealed class NumberedPlacement : PlacementStrategy;

[AttributeUsage(AttributeTargets.Class)]
public sealed class NumberedPlacementAttribute() : PlacementAttribute(new NumberedPlacement());

public sealed class NumberedDirector : IPlacementDirector
{
    public async Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        await Task.Yield();
        var silos = context.GetCompatibleSilos(target);
        Array.Sort(silos);
        Assert.IsType<NumberedPlacement>(strategy);
        Assert.Contains(context.LocalSilo, silos);
        Assert.Equal(SiloStatus.Active, context.LocalSiloStatus);
        Assert.Equal(silos.Length, context.GetCompatibleSilosWithVersions(target).Sum(v => v.Value.Length));
        var number = target.GrainIdentity.GetIntegerKey();
        return number < silos.Length ? silos[number] : SiloAddress.Zero;
    }
}

public interface INumberedGrain : IGrainWithIntegerKey
{
    Task<string> Where();
}

[NumberedPlacement]
public sealed class NumberedGrain : Grain, INumberedGrain
{
    public Task<string> Where() => Task.FromResult(RuntimeIdentity);
}

public sealed class PlacementDirectorTests
{
    [Fact]
    public async Task A_director_of_ones_own_chooses_among_the_silos_that_fit_and_no_other()
    {
        await using var cluster = await Cluster.StartAsync(3, s => s.AddPlacementDirector<NumberedPlacement, NumberedDirector>());
        var where = await Task.WhenAll(Enumerable.Range(0, 3).Select(i => cluster.GrainFactory.GetGrain<INumberedGrain>(i).Where()));
        Assert.Equal(3, where.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(where[1], await cluster.GrainFactory.GetGrain<INumberedGrain>(1).Where());
        var error = await Assert.ThrowsAnyAsync<OrleansException>(() => cluster.GrainFactory.GetGrain<INumberedGrain>(7).Where());
        Assert.Contains("NumberedDirector", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_strategy_that_no_director_carries_out_is_an_error_that_says_what_to_add()
    {
        await using var cluster = await Cluster.StartAsync(2);
        var error = await Assert.ThrowsAnyAsync<OrleansException>(() => cluster.GrainFactory.GetGrain<INumberedGrain>(0).Where());
        Assert.Contains("AddPlacementDirector", error.Message, StringComparison.Ordinal);
    }
}
