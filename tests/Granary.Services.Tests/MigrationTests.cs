using Granary.Engine.Activations;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Granary.Services.Tests;

public interface ITravellerGrain : IGrainWithStringKey
{
    Task<int> Add(int amount);

    Task<string> Where();

    Task<string> Arrived();

    Task Move();
}

public sealed class TravellerGrain([PersistentState("luggage")] IPersistentState<Basket> state) : Grain, ITravellerGrain, IGrainMigrationParticipant
{
    private int _sum;
    private string _arrived = "fresh";

    public Task<int> Add(int amount)
    {
        state.State.Visits += amount;
        return Task.FromResult(_sum += amount);
    }

    public Task<string> Where() => Task.FromResult(RuntimeIdentity);

    public Task<string> Arrived() => Task.FromResult($"{_arrived}, unwritten state {state.State.Visits}");

    public Task Move()
    {
        MigrateOnIdle();
        return Task.CompletedTask;
    }

    public void OnDehydrate(IDehydrationContext dehydrationContext) => dehydrationContext.TryAddValue("sum", _sum);

    public void OnRehydrate(IRehydrationContext rehydrationContext)
    {
        if (rehydrationContext.TryGetValue<int>("sum", out _sum)) _arrived = "moved";
    }
}

public sealed class MigrationTests
{
    [Fact]
    public async Task A_grain_that_moves_takes_its_memory_and_its_unwritten_state_along()
    {
        await using var cluster = await Cluster.StartAsync(2, s => s.AddMemoryGrainStorageAsDefault());
        var grain = cluster.GrainFactory.GetGrain<ITravellerGrain>("a");
        await grain.Add(41);
        var from = await grain.Where();
        await cluster.MigrateAsync(grain).Within();
        Assert.NotEqual(from, await grain.Where());
        Assert.Equal("moved, unwritten state 41", await grain.Arrived());
        Assert.Equal(42, await grain.Add(1));
    }

    [Fact]
    public async Task Calls_made_while_a_grain_moves_are_answered_by_the_one_activation()
    {
        await using var cluster = await Cluster.StartAsync(3, s => s.AddMemoryGrainStorageAsDefault());
        var grain = cluster.GrainFactory.GetGrain<ITravellerGrain>("a");
        await grain.Add(0);
        const int Calls = 400;
        var calling = Task.Run(async () =>
        {
            for (var i = 0; i < Calls; i++) await grain.Add(1);
        });
        for (var i = 0; i < 6; i++) await cluster.MigrateAsync(grain).Within();
        await calling.Within();
        Assert.Equal(Calls, await grain.Add(0));
        Assert.Equal(1, cluster.Silos.Count(s => s.Core().Table.Find(grain.GetGrainId()) is { State: ActivationState.Active }));
    }

    [Fact]
    public async Task A_grain_with_nowhere_to_go_stays()
    {
        await using var silo = await OneSilo.StartAsync(s => s.AddMemoryGrainStorageAsDefault());
        var grain = silo.Grains.GetGrain<ITravellerGrain>("a");
        await grain.Add(5);
        await grain.Move();
        Assert.Equal(6, await grain.Add(1));
        Assert.Equal("fresh, unwritten state 6", await grain.Arrived());
    }

    [Fact]
    public async Task A_grain_whose_new_silo_is_gone_is_deactivated_as_usual()
    {
        await using var cluster = await Cluster.StartAsync(2, s => s.AddMemoryGrainStorageAsDefault());
        var grain = cluster.GrainFactory.GetGrain<ITravellerGrain>("a");
        await grain.Add(5);
        var target = cluster.Silos.First(s => s.SiloAddress.ToString() != ResultOf(grain));
        target.Core().AcceptsActivations = false; // it refuses the migrant
        await cluster.MigrateAsync(grain, target.SiloAddress).Within();
        target.Core().AcceptsActivations = true;
        Assert.Equal(1, await grain.Add(1));
        Assert.StartsWith("fresh", await grain.Arrived(), StringComparison.Ordinal);
    }

    private static string ResultOf(ITravellerGrain grain) => grain.Where().GetAwaiter().GetResult();
}
