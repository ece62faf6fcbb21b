using Granary.Engine.Activations;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;

namespace Granary.Services.Tests;

public sealed class SharedThing
{
    public int Value { get; set; } = 11;
}

public sealed class ScopedThing(IGrainContextAccessor accessor) : IDisposable
{
    public static int Disposed;

    public string Grain { get; } = accessor.GrainContext.GrainId.ToString();

    public void Dispose() => Interlocked.Increment(ref Disposed);
}

public interface IConstructedGrain : IGrainWithStringKey
{
    Task<string> Describe();
}

[GrainType("needs-singletons")]
public sealed class NeedsSingletonsGrain(SharedThing thing, IGrainFactory grains, IGrainContext context) : Grain, IConstructedGrain
{
    public Task<string> Describe() => Task.FromResult($"{thing.Value} {grains is not null} {context.GrainId} {ReferenceEquals(context, GrainContext)}");
}

public interface IScopedGrain : IGrainWithStringKey
{
    Task<string> Describe();

    Task Leave();
}

public sealed class ScopedGrain(ScopedThing thing) : Grain, IScopedGrain
{
    public Task<string> Describe() => Task.FromResult(thing.Grain);

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

public interface INeedyGrain : IGrainWithStringKey
{
    Task Call();
}

public sealed class NeedyGrain(StringWriter missing) : Grain, INeedyGrain
{
    public Task Call() => Task.FromResult(missing);
}

public interface IPlainGrain : IGrainWithStringKey
{
    Task<string> Id();
}

/// <summary>Does not derive from Grain.</summary>
public sealed class PlainGrain(IGrainContext context) : IGrainBase, IPlainGrain
{
    public IGrainContext GrainContext { get; } = context;

    public Task<string> Id() => Task.FromResult(this.GetPrimaryKeyString());
}

public interface IStagedGrain : IGrainWithStringKey
{
    Task<List<string>> Steps();
}

public sealed class StagedGrain : Grain, IStagedGrain, ILifecycleParticipant<IGrainLifecycle>
{
    private readonly List<string> _steps = [];

    public void Participate(IGrainLifecycle lifecycle)
    {
        lifecycle.Subscribe<StagedGrain>(GrainLifecycleStage.Activate + 1, _ => Add("later"));
        lifecycle.Subscribe<StagedGrain>(GrainLifecycleStage.SetupState, _ => Add("state"));
    }

    public override Task OnActivateAsync(CancellationToken cancellationToken) => Add("activate");

    public Task<List<string>> Steps() => Task.FromResult(_steps);

    private Task Add(string step)
    {
        _steps.Add(step);
        return Task.CompletedTask;
    }
}

public sealed class GrainConstructionTests
{
    [Fact]
    public async Task A_grain_that_needs_only_singletons_is_made_without_a_service_scope()
    {
        await using var silo = await OneSilo.StartAsync(s => s.Services.AddSingleton<SharedThing>());
        var grain = silo.Grains.GetGrain<IConstructedGrain>("x");
        Assert.Equal("11 True needs-singletons/x True", await grain.Describe());
        Assert.Null(silo.Core.Table.Find(grain.GetGrainId())!.ExtrasOrNull);
    }

    [Fact]
    public async Task A_grain_without_parameters_costs_no_extras()
    {
        await using var silo = await OneSilo.StartAsync();
        var grain = silo.Grains.GetGrain<ICounterGrain>("x");
        await grain.Add(1);
        Assert.Null(silo.Core.Table.Find(grain.GetGrainId())!.ExtrasOrNull);
    }

    [Fact]
    public async Task A_scoped_service_lives_as_long_as_its_activation_and_knows_the_grain()
    {
        await using var silo = await OneSilo.StartAsync(s => s.Services.AddScoped<ScopedThing>());
        var before = ScopedThing.Disposed;
        Assert.Equal("scoped/a", await silo.Grains.GetGrain<IScopedGrain>("a").Describe());
        Assert.Equal("scoped/b", await silo.Grains.GetGrain<IScopedGrain>("b").Describe());
        Assert.Equal(before, ScopedThing.Disposed);
        var gone = silo.Core.Table.Find(silo.Grains.GetGrain<IScopedGrain>("a").GetGrainId())!.Deactivated;
        await silo.Grains.GetGrain<IScopedGrain>("a").Leave();
        await gone.Within();
        Assert.Equal(before + 1, ScopedThing.Disposed);
    }

    [Fact]
    public async Task A_missing_service_is_named_with_what_to_write()
    {
        await using var silo = await OneSilo.StartAsync();
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => silo.Grains.GetGrain<INeedyGrain>("a").Call());
        Assert.Contains("'missing'", error.Message, StringComparison.Ordinal);
        Assert.Contains("AddSingleton<StringWriter>()", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_class_that_implements_IGrainBase_itself_is_a_grain()
    {
        await using var silo = await OneSilo.StartAsync();
        Assert.Equal("here", await silo.Grains.GetGrain<IPlainGrain>("here").Id());
    }

    [Fact]
    public async Task Stages_run_in_their_order_and_OnActivate_after_them()
    {
        await using var silo = await OneSilo.StartAsync();
        Assert.Equal(["state", "later", "activate"], await silo.Grains.GetGrain<IStagedGrain>("a").Steps());
    }

    [Fact]
    public async Task A_reference_without_an_interface_can_be_cast_and_compared()
    {
        await using var silo = await OneSilo.StartAsync();
        var typed = silo.Grains.GetGrain<ICounterGrain>("a");
        var untyped = silo.Grains.GetGrain(typed.GetGrainId());
        Assert.Equal(4, await untyped.AsReference<ICounterGrain>().Add(4));
        Assert.Equal(typed, (object)untyped);
    }

    [Fact]
    public async Task Activations_of_the_engines_own_grains_are_in_no_directory()
    {
        await using var cluster = await Cluster.StartAsync(1);
        var core = cluster.Primary!.Core();
        await cluster.GrainFactory.GetGrain<IManagementGrain>(0).GetTotalActivationCount();
        var system = core.Table.All().Single(a => a.GrainId.ToString().StartsWith("sys.control", StringComparison.Ordinal));
        Assert.Equal(ActivationState.Active, system.State);
        Assert.Null(await core.Locator.FindAsync(system.GrainId));
    }
}
