namespace Granary.Engine.Tests;

public interface IContextGrain : IGrainWithStringKey
{
    Task<string?> Read(string name);

    Task<string?> ReadNested(string name, IContextGrain nested);

    Task<string> Set(string name, string value);

    ValueTask<string?> Ambient();
}

public class ContextGrain : Grain, IContextGrain
{
    public static readonly AsyncLocal<string?> Local = new();

    public Task<string?> Read(string name) => Task.FromResult((string?)RequestContext.Get(name));

    public async Task<string?> ReadNested(string name, IContextGrain nested)
    {
        await Task.Yield();
        return await nested.Read(name);
    }

    public Task<string> Set(string name, string value)
    {
        RequestContext.Set(name, value);
        return Task.FromResult((string)RequestContext.Get(name)!);
    }

    public ValueTask<string?> Ambient() => new(Local.Value);
}

/// <summary>What travels with a call and what does not. On one silo and from a client over sockets.</summary>
public abstract class ContextTests
{
    private readonly string _key = Guid.NewGuid().ToString("N");

    protected abstract IGrainFactory Grains { get; }

    [Fact]
    public async Task The_request_context_travels_with_a_call_and_its_nested_calls()
    {
        RequestContext.Set("tenant", "acme");
        var grain = Grains.GetGrain<IContextGrain>(_key);
        Assert.Equal("acme", await grain.Read("tenant"));
        Assert.Equal("acme", await grain.ReadNested("tenant", Grains.GetGrain<IContextGrain>(_key + "-nested")));
        RequestContext.Clear();
        Assert.Null(await grain.Read("tenant"));
    }

    [Fact]
    public async Task What_a_grain_sets_stays_in_its_request()
    {
        var grain = Grains.GetGrain<IContextGrain>(_key);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal("x", await grain.Set("name", "x"));
            Assert.Null(RequestContext.Get("name"));
            Assert.Null(await grain.Read("name"));
        }
    }

    [Fact]
    public async Task A_callers_own_async_locals_do_not_reach_the_grain_wherever_its_turn_runs()
    {
        ContextGrain.Local.Value = "mine";
        var grain = Grains.GetGrain<IContextGrain>(_key);
        for (var i = 0; i < 20; i++) Assert.Null(await grain.Ambient());
        Assert.Equal("mine", ContextGrain.Local.Value);
    }
}

public sealed class LocalContextTests(LocalSilo silo) : ContextTests, IClassFixture<LocalSilo>
{
    protected override IGrainFactory Grains => silo.Grains;
}

public sealed class RemoteContextTests(ThreeSilos silos) : ContextTests, IClassFixture<ThreeSilos>
{
    protected override IGrainFactory Grains => silos.Cluster.Client;
}
