using System.Collections.Concurrent;
using Granary.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.TestingHost;

namespace Granary.Engine.Tests;

/// <summary>One silo in this process, with no other: calls go to it without a connection.</summary>
public sealed class LocalSilo : IAsyncLifetime
{
    private readonly IHost _host;

    public LocalSilo()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo => new TestSilo().Configure(silo));
        _host = builder.Build();
    }

    /// <summary>The silo's own factory: its calls are local.</summary>
    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    internal SiloCore Core => _host.Services.GetRequiredService<SiloCore>();

    public Task InitializeAsync() => _host.StartAsync();

    public async Task DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}

/// <summary>Three silos in this process that talk through sockets, and a client.</summary>
public sealed class ThreeSilos : IAsyncLifetime
{
    public TestCluster Cluster { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        var builder = new TestClusterBuilder(3);
        builder.AddSiloBuilderConfigurator<TestSilo>();
        Cluster = builder.Build();
        await Cluster.DeployAsync();
    }

    public async Task DisposeAsync()
    {
        await Cluster.StopAllSilosAsync();
        await Cluster.DisposeAsync();
    }
}

/// <summary>Points at which a test holds grain code, by name. A grain waits at a gate; the test waits until it is there and lets it go.</summary>
public static class Gates
{
    private static readonly ConcurrentDictionary<string, Gate> s_gates = new();

    public static Gate Get(string name) => s_gates.GetOrAdd(name, static _ => new Gate());

    public sealed class Gate
    {
        private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly SemaphoreSlim _arrived = new(0);

        /// <summary>Grain code: says that it is here and waits.</summary>
        public Task Wait()
        {
            _arrived.Release();
            return _open.Task;
        }

        /// <summary>The test: waits for the next arrival.</summary>
        public async Task Arrival() => Assert.True(await _arrived.WaitAsync(Within), "Nothing arrived at the gate in time.");

        public void Open() => _open.TrySetResult();
    }

    public static readonly TimeSpan Within = TimeSpan.FromSeconds(20);
}

/// <summary>Waits for a condition, with a bound.</summary>
public static class Eventually
{
    public static async Task True(Func<bool> condition, string what)
    {
        var until = Environment.TickCount64 + (long)Gates.Within.TotalMilliseconds;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < until, $"Did not happen in {Gates.Within}: {what}");
            await Task.Delay(5);
        }
    }
}

/// <summary>Every silo of these tests.</summary>
public sealed class TestSilo : ISiloConfigurator
{
    public void Configure(Orleans.Hosting.ISiloBuilder siloBuilder) => siloBuilder.Services.Configure<EngineOptions>(o =>
    {
        o.MaxQueuedCallsPerActivation = 200;
        o.OverloadQueueDelay = TimeSpan.Zero; // a busy machine is no reason to fail
    });
}
