using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;

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

/// <summary>Waits inside a call until the test lets it go on, and calls another grain then.</summary>
public interface IGateGrain : IGrainWithStringKey
{
    Task<string> Enter(string name);
}

public sealed class Gates
{
    public TaskCompletionSource Open { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public List<DeactivationReasonCode> Reasons { get; } = [];
}

public sealed class GateGrain(Gates gates) : Grain, IGateGrain
{
    public async Task<string> Enter(string name)
    {
        gates.Entered.TrySetResult();
        await gates.Open.Task;
        await GrainFactory.GetGrain<ICounterGrain>($"of {name}").Add(1);
        return name;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        gates.Reasons.Add(reason.ReasonCode);
        return Task.CompletedTask;
    }
}

public sealed class HostingTests
{
    [Fact]
    public async Task A_host_with_a_silo_answers_calls_from_its_own_process()
    {
        await using var silo = await OneSilo.StartAsync();
        Assert.Equal(3, await silo.Grains.GetGrain<ICounterGrain>("a").Add(3));
        Assert.Equal(7, await silo.Grains.GetGrain<ICounterGrain>("a").Add(4));
        Assert.Equal(1, await silo.Grains.GetGrain<ICounterGrain>("b").Add(1));
    }

    [Fact]
    public async Task A_stop_loses_no_accepted_call_and_still_activates_what_those_calls_need()
    {
        var gates = new Gates();
        await using var silo = await OneSilo.StartAsync(s => s.Services.AddSingleton(gates));
        var grain = silo.Grains.GetGrain<IGateGrain>("a");
        var first = grain.Enter("first");
        await gates.Entered.Task.Within();
        var second = grain.Enter("second");
        await Eventually.HoldsAsync(() => silo.Core.Table.Find(grain.GetGrainId())!.QueueLength == 1, "the second call waits");
        var stop = silo.StopAsync();
        await Eventually.HoldsAsync(() => !silo.Core.AcceptsActivations, "the silo stops");
        gates.Open.SetResult();
        Assert.Equal("first", await first.Within());
        Assert.Equal("second", await second.Within());
        await stop.Within();
        Assert.Equal([DeactivationReasonCode.ShuttingDown], gates.Reasons);
        Assert.Equal(0, silo.Core.Table.Count);
    }

    [Fact]
    public async Task A_stop_waits_no_longer_than_the_drain_timeout_for_a_call_that_never_ends()
    {
        var gates = new Gates();
        await using var silo = await OneSilo.StartAsync(s =>
        {
            s.Services.AddSingleton(gates);
            s.Configure<Hosting.EngineOptions>(o => o.DrainTimeout = TimeSpan.FromMilliseconds(50));
        });
        var stuck = silo.Grains.GetGrain<IGateGrain>("a").Enter("stuck");
        await gates.Entered.Task.Within();
        await silo.StopAsync().Within();
        Assert.Contains(silo.Log.From(LogLevel.Warning), line => line.Contains("still have not deactivated", StringComparison.Ordinal));
        gates.Open.SetResult();
    }

    [Fact]
    public async Task A_client_connects_to_a_silo_of_this_machine_over_its_gateway_port()
    {
        var (siloPort, gatewayPort) = (FreePort(), FreePort());
        await using var silo = await OneSilo.StartAsync(s => s.UseLocalhostClustering(siloPort, gatewayPort));
        using var client = await StartClientAsync(c => c.UseLocalhostClustering(gatewayPort));
        var grains = client.Services.GetRequiredService<IGrainFactory>();
        Assert.Equal(5, await grains.GetGrain<ICounterGrain>("a").Add(5));
        Assert.Equal(6, await silo.Grains.GetGrain<ICounterGrain>("a").Add(1));
        await client.StopAsync();
    }

    [Fact]
    public async Task A_second_silo_on_the_same_ports_says_so_and_serves_its_own_process()
    {
        var (siloPort, gatewayPort) = (FreePort(), FreePort());
        await using var first = await OneSilo.StartAsync(s => s.UseLocalhostClustering(siloPort, gatewayPort));
        await using var second = await OneSilo.StartAsync(s => s.UseLocalhostClustering(siloPort, gatewayPort));
        Assert.Equal(1, await second.Grains.GetGrain<ICounterGrain>("a").Add(1));
        Assert.Contains(second.Log.From(LogLevel.Warning), line => line.Contains("serves its own process only", StringComparison.Ordinal));
        Assert.Empty(first.Log.From(LogLevel.Warning));
    }

    [Fact]
    public async Task A_client_of_another_cluster_is_refused_with_the_reason()
    {
        var (siloPort, gatewayPort) = (FreePort(), FreePort());
        await using var silo = await OneSilo.StartAsync(s => s.UseLocalhostClustering(siloPort, gatewayPort, clusterId: "one"));
        var error = await Assert.ThrowsAsync<SiloUnavailableException>(() => StartClientAsync(c =>
        {
            c.UseLocalhostClustering(gatewayPort, clusterId: "other");
            c.UseConnectionRetryFilter((_, _) => Task.FromResult(false));
        }));
        Assert.Contains("cluster", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_silo_that_is_told_to_join_another_one_by_memory_is_a_clear_error()
    {
        var error = Assert.Throws<OrleansConfigurationException>(() => Host.CreateEmptyApplicationBuilder(null)
            .UseOrleans(silo => silo.UseLocalhostClustering(siloPort: 11112, primarySiloEndpoint: new IPEndPoint(IPAddress.Loopback, 11111))));
        Assert.Contains("does not reach another process", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_is_a_silo_or_a_client()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleans(_ => { });
        Assert.Throws<InvalidOperationException>(() => builder.UseOrleansClient(_ => { }));
    }

    [Fact]
    public async Task Stages_start_upwards_and_stop_downwards_and_startup_tasks_can_call_grains()
    {
        var steps = new List<string>();
        var answer = 0;
        await using (await OneSilo.StartAsync(s =>
        {
            s.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(new Steps(steps));
            s.AddStartupTask(async (services, _) => answer = await services.GetRequiredService<IGrainFactory>().GetGrain<ICounterGrain>("s").Add(8));
        }))
        {
            Assert.Equal(8, answer);
            Assert.Equal(["start storage", "start application"], steps);
        }

        Assert.Equal(["start storage", "start application", "stop application", "stop storage"], steps);
    }

    [Fact]
    public async Task A_silo_whose_participant_fails_to_start_stops_what_had_started_and_tells_why()
    {
        var steps = new List<string>();
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => OneSilo.StartAsync(s =>
        {
            s.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(new Steps(steps));
            s.AddStartupTask((_, _) => throw new InvalidOperationException("no database"));
        }));
        Assert.Equal("no database", error.Message);
        Assert.Equal(["start storage", "start application", "stop application", "stop storage"], steps);
    }

    [Fact]
    public async Task A_filter_may_depend_on_what_makes_calls()
    {
        await using var silo = await OneSilo.StartAsync(s => s.AddIncomingGrainCallFilter<CountingFilter>().AddOutgoingGrainCallFilter<CountingFilter>());
        Assert.Equal(2, await silo.Grains.GetGrain<ICounterGrain>("a").Add(2));
    }

    [Fact]
    public async Task An_interface_that_two_classes_implement_is_refused_with_both_names()
    {
        await using var silo = await OneSilo.StartAsync();
        var error = Assert.Throws<ArgumentException>(() => silo.Grains.GetGrain<ITwiceGrain>("a"));
        Assert.Contains(nameof(FirstTwiceGrain), error.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(SecondTwiceGrain), error.Message, StringComparison.Ordinal);
        Assert.Equal("second", await silo.Grains.GetGrain<ITwiceGrain>("a", "Granary.Services.Tests.Second").Name());
    }

    private static async Task<IHost> StartClientAsync(Action<IClientBuilder> configure)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleansClient(configure);
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private sealed class Steps(List<string> steps) : ILifecycleParticipant<ISiloLifecycle>
    {
        public void Participate(ISiloLifecycle lifecycle)
        {
            Subscribe(lifecycle, "application", ServiceLifecycleStage.ApplicationServices);
            Subscribe(lifecycle, "storage", ServiceLifecycleStage.RuntimeStorageServices);
        }

        private void Subscribe(ISiloLifecycle lifecycle, string name, int stage) => lifecycle.Subscribe(name, stage, _ => Add($"start {name}"), _ => Add($"stop {name}"));

        private Task Add(string step)
        {
            steps.Add(step);
            return Task.CompletedTask;
        }
    }

    private sealed class CountingFilter(IGrainFactory grains, ILocalSiloDetails details) : IIncomingGrainCallFilter, IOutgoingGrainCallFilter
    {
        public Task Invoke(IIncomingGrainCallContext context) => grains is null || details.Name is null ? Task.CompletedTask : context.Invoke();

        public Task Invoke(IOutgoingGrainCallContext context) => grains is null ? Task.CompletedTask : context.Invoke();
    }
}

public interface ITwiceGrain : IGrainWithStringKey
{
    Task<string> Name();
}

public sealed class FirstTwiceGrain : Grain, ITwiceGrain
{
    public Task<string> Name() => Task.FromResult("first");
}

public sealed class SecondTwiceGrain : Grain, ITwiceGrain
{
    public Task<string> Name() => Task.FromResult("second");
}
