using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Hosting;
using Orleans.Providers;
using Orleans.Runtime;
using Orleans.Storage;

namespace Granary.Services.Tests;

[GenerateSerializer]
public sealed class Basket
{
    [Id(0)]
    public List<string> Items { get; set; } = [];

    [Id(1)]
    public int Visits { get; set; }
}

public sealed class Unstorable
{
    public int Value { get; set; }
}

public interface IBasketGrain : IGrainWithStringKey
{
    Task<int> Put(string item);

    Task<List<string>> Items();

    Task ChangeWithoutWriting(string item);

    Task<bool> Exists();

    Task Clear();

    Task<string> ConflictHandled();

    Task Conflict();

    Task<string> Activation();

    Task Leave();
}

public sealed class BasketGrain(
    [PersistentState("basket")] IPersistentState<Basket> basket,
    [PersistentState("count", "other")] IPersistentState<int> count,
    [FromKeyedServices("other")] IGrainStorage other) : Grain, IBasketGrain
{
    public async Task<int> Put(string item)
    {
        basket.State.Items.Add(item);
        count.State++;
        await basket.WriteStateAsync();
        await count.WriteStateAsync();
        return count.State;
    }

    public Task<List<string>> Items() => Task.FromResult(basket.State.Items);

    public Task ChangeWithoutWriting(string item)
    {
        basket.State.Items.Add(item);
        return Task.CompletedTask;
    }

    public Task<bool> Exists() => Task.FromResult(basket.RecordExists && basket.Etag is not null);

    public Task Clear() => basket.ClearStateAsync();

    public async Task<string> ConflictHandled()
    {
        try
        {
            await Conflict();
            return "no conflict";
        }
        catch (InconsistentStateException conflict)
        {
            await count.ReadStateAsync();
            return conflict.CurrentEtag!;
        }
    }

    public async Task Conflict()
    {
        // Someone else writes the same state.
        var theirs = new GrainState<int>();
        await other.ReadStateAsync("count", this.GetGrainId(), theirs);
        theirs.State = 99;
        await other.WriteStateAsync("count", this.GetGrainId(), theirs);
        await count.WriteStateAsync();
    }

    public Task<string> Activation() => Task.FromResult(GrainContext.ActivationId.ToString());

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

public interface IClassicGrain : IGrainWithIntegerKey
{
    Task<int> Visit();

    Task Leave();
}

[StorageProvider(ProviderName = "other")]
public sealed class ClassicGrain : Grain<Basket>, IClassicGrain
{
    private int _atActivation;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _atActivation = State.Visits;
        return Task.CompletedTask;
    }

    public async Task<int> Visit()
    {
        State.Visits++;
        await WriteStateAsync();
        return _atActivation;
    }

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

public interface IUnstorableGrain : IGrainWithStringKey
{
    Task Call();
}

public sealed class UnstorableGrain([PersistentState("it")] IPersistentState<Unstorable> state) : Grain, IUnstorableGrain
{
    public Task Call() => Task.FromResult(state);
}

public sealed class StorageTests
{
    private static Task<OneSilo> StartAsync() => OneSilo.StartAsync(s => s.AddMemoryGrainStorageAsDefault().AddMemoryGrainStorage("other"));

    [Fact]
    public async Task State_survives_deactivation_and_what_was_not_written_does_not()
    {
        await using var silo = await StartAsync();
        var grain = silo.Grains.GetGrain<IBasketGrain>("a");
        Assert.False(await grain.Exists());
        Assert.Equal(1, await grain.Put("apple"));
        Assert.Equal(2, await grain.Put("pear"));
        await grain.ChangeWithoutWriting("ghost");
        Assert.Equal(3, (await grain.Items()).Count);
        await LeaveAsync(silo, grain, g => g.Leave());
        Assert.Equal(["apple", "pear"], await grain.Items());
        Assert.True(await grain.Exists());
        Assert.Equal(3, await grain.Put("plum"));
    }

    [Fact]
    public async Task Cleared_state_is_new_again_and_can_be_written_again()
    {
        await using var silo = await StartAsync();
        var grain = silo.Grains.GetGrain<IBasketGrain>("a");
        await grain.Put("apple");
        await grain.Clear();
        Assert.False(await grain.Exists());
        Assert.Empty(await grain.Items());
        await grain.Put("pear");
        await LeaveAsync(silo, grain, g => g.Leave());
        Assert.Equal(["pear"], await grain.Items());
    }

    [Fact]
    public async Task A_conflict_that_the_grain_handles_leaves_it_active()
    {
        await using var silo = await StartAsync();
        var grain = silo.Grains.GetGrain<IBasketGrain>("a");
        await grain.Put("apple");
        var activation = await grain.Activation();
        Assert.NotEqual("no conflict", await grain.ConflictHandled());
        Assert.Equal(activation, await grain.Activation());
        Assert.Equal(100, await grain.Put("pear"));
    }

    [Fact]
    public async Task A_conflict_that_the_grain_lets_pass_deactivates_it_so_that_it_reads_anew()
    {
        await using var silo = await StartAsync();
        var grain = silo.Grains.GetGrain<IBasketGrain>("a");
        await grain.Put("apple");
        var gone = silo.Core.Table.Find(grain.GetGrainId())!.Deactivated;
        await Assert.ThrowsAsync<InconsistentStateException>(grain.Conflict);
        await gone.Within();
        Assert.Equal(100, await grain.Put("pear"));
    }

    [Fact]
    public async Task A_stateful_grain_class_has_its_state_before_OnActivate()
    {
        await using var silo = await StartAsync();
        var grain = silo.Grains.GetGrain<IClassicGrain>(7);
        Assert.Equal(0, await grain.Visit());
        Assert.Equal(0, await grain.Visit());
        await LeaveAsync(silo, grain, g => g.Leave());
        Assert.Equal(2, await grain.Visit());
    }

    [Fact]
    public async Task A_storage_that_is_not_there_is_named_with_what_to_write()
    {
        await using var silo = await OneSilo.StartAsync(s => s.AddMemoryGrainStorageAsDefault());
        var error = await Assert.ThrowsAsync<OrleansConfigurationException>(() => silo.Grains.GetGrain<IClassicGrain>(1).Visit());
        Assert.Contains("AddMemoryGrainStorage(\"other\")", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_without_a_codec_is_an_error_at_activation_that_says_what_to_write()
    {
        await using var silo = await StartAsync();
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => silo.Grains.GetGrain<IUnstorableGrain>("a").Call());
        Assert.Contains("[GenerateSerializer]", error.Message, StringComparison.Ordinal);
        Assert.Contains("'it'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_silos_of_a_test_cluster_share_their_memory_storage()
    {
        await using var cluster = await Cluster.StartAsync(2, s => s.AddMemoryGrainStorageAsDefault().AddMemoryGrainStorage("other"));
        for (var i = 0; i < 12; i++) await cluster.GrainFactory.GetGrain<IBasketGrain>($"g{i}").Put("apple");
        await cluster.KillSiloAsync(cluster.SecondarySilos[0]);
        await cluster.WaitForLivenessToStabilizeAsync(didKill: true);
        for (var i = 0; i < 12; i++) Assert.Equal(["apple"], await cluster.GrainFactory.GetGrain<IBasketGrain>($"g{i}").Items());
    }

    private static async Task LeaveAsync<T>(OneSilo silo, T grain, Func<T, Task> leave)
        where T : IAddressable
    {
        var gone = silo.Core.Table.Find(grain.GetGrainId())!.Deactivated;
        await leave(grain);
        await gone.Within();
    }
}
