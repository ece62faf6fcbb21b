using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Hosting;

namespace Granary.Services.Tests;

public interface ICounterGrain : IGrainWithStringKey
{
    Task<int> Add(int amount);

    Task<string> WhereAmI();
}

public sealed class CounterGrain : Grain, ICounterGrain
{
    private int _sum;

    public Task<int> Add(int amount) => Task.FromResult(_sum += amount);

    public Task<string> WhereAmI() => Task.FromResult(RuntimeIdentity);
}

public sealed class HostingTests
{
    [Fact]
    public async Task A_host_with_a_silo_answers_calls_from_its_own_process()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.UseOrleans(silo => silo.AddMemoryGrainStorageAsDefault());
        using var host = builder.Build();
        await host.StartAsync();
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        Assert.Equal(3, await grains.GetGrain<ICounterGrain>("a").Add(3));
        Assert.Equal(7, await grains.GetGrain<ICounterGrain>("a").Add(4));
        Assert.Equal(1, await grains.GetGrain<ICounterGrain>("b").Add(1));
        await host.StopAsync();
    }
}
