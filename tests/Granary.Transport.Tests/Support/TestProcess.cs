using System.Collections.Concurrent;
using System.Net;
using Granary.Engine;
using Granary.Engine.Directory;
using Granary.Engine.Hosting;
using Granary.Engine.Membership;
using Granary.Engine.Routing;
using Granary.Engine.Transport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace Granary.Transport.Tests;

/// <summary>Silos and clients in this process that reach each other through sockets only.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private readonly List<TestProcess> _processes = [];

    internal InMemoryGrainDirectory Directory { get; } = new();

    internal TestLog Log { get; } = new();

    internal TestProcess AddSilo(Func<PeerNetworkOptions, PeerNetworkOptions>? configure = null, TimeProvider? time = null)
    {
        var listener = PeerNetwork.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var silo = TestProcess.Silo(this, SiloAddress.New((IPEndPoint)listener.LocalEndPoint!, SiloAddress.AllocateNewGeneration()), configure, time);
        silo.Network.Listen(listener);
        _processes.Add(silo);
        Spread();
        return silo;
    }

    internal TestProcess AddClient(Func<PeerNetworkOptions, PeerNetworkOptions>? configure = null, TimeProvider? time = null)
    {
        var client = TestProcess.Client(this, configure, time);
        _processes.Add(client);
        Spread();
        return client;
    }

    internal void Remove(TestProcess process)
    {
        _processes.Remove(process);
        Spread();
    }

    /// <summary>Tells everyone who is there.</summary>
    private void Spread()
    {
        var view = new MembershipView(_processes.Count, [.. _processes.Where(p => p.Address is not null).Select(p => new SiloEntry(p.Address!, "silo", SiloStatus.Active, [], [.. p.Core.Types.Manifest()], default))]);
        foreach (var process in _processes) process.Core.View = view;
    }

    /// <summary>Whether the test provokes errors in the log; otherwise one fails it.</summary>
    internal bool ExpectsErrors { get; set; }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes) await process.DisposeAsync();
        if (!ExpectsErrors) Assert.DoesNotContain(Log.Entries, e => e.Level >= LogLevel.Error);
    }
}

/// <summary>A silo or a client without a host.</summary>
internal sealed class TestProcess : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private TestProcess(ProcessCore core, ServiceProvider services, TestCluster cluster, Func<PeerNetworkOptions, PeerNetworkOptions>? configure, TimeProvider? time)
    {
        Core = core;
        _services = services;
        var options = new PeerNetworkOptions { ClusterId = "test", Lanes = 2 };
        Network = new PeerNetwork(core, configure?.Invoke(options) ?? options, cluster.Log, time ?? TimeProvider.System);
        core.Network = Network;
    }

    internal ProcessCore Core { get; }

    internal PeerNetwork Network { get; }

    internal SiloAddress? Address => (Core as SiloCore)?.Address;

    internal static TestProcess Silo(TestCluster cluster, SiloAddress address, Func<PeerNetworkOptions, PeerNetworkOptions>? configure, TimeProvider? time)
    {
        var services = Services();
        var silo = new SiloCore(cluster.Directory, isLocal: false)
        {
            Services = services,
            Types = Types(services),
            Log = new EngineLog(cluster.Log.CreateLogger("Granary.Engine")),
            ResponseTimeout = TimeSpan.FromSeconds(30),
            OutgoingFilters = [],
            IncomingFilters = [],
            ClientId = GrainId.Create("sys.client", Guid.NewGuid().ToString("N")),
            Address = address,
            MaxQueuedCalls = 1_000_000,
            DeactivationTimeout = TimeSpan.FromSeconds(5),
            GrainRuntime = null!,
        }.Wire();
        return new TestProcess(silo, services, cluster, configure, time);
    }

    internal static TestProcess Client(TestCluster cluster, Func<PeerNetworkOptions, PeerNetworkOptions>? configure, TimeProvider? time)
    {
        var services = Services();
        var client = new ClientCore
        {
            Services = services,
            Types = Types(services),
            Log = new EngineLog(cluster.Log.CreateLogger("Granary.Engine")),
            ResponseTimeout = TimeSpan.FromSeconds(30),
            OutgoingFilters = [],
            ClientId = GrainId.Create("sys.client", Guid.NewGuid().ToString("N")),
        }.Wire();
        return new TestProcess(client, services, cluster, configure, time);
    }

    /// <summary>A reference that this process calls through.</summary>
    internal T Grain<T>(string key)
        where T : IAddressable
    {
        var callInterface = Core.Types.Interface(typeof(T));
        return (T)(object)Core.Router.CreateProxy(GrainId.Create(Core.Types.GrainTypeOf(callInterface), key), typeof(T));
    }

    /// <summary>A probe that, by its key, lives on that silo: its home there.</summary>
    internal IProbeGrain ProbeOn(TestProcess silo, string? prefix = null)
    {
        prefix ??= Guid.NewGuid().ToString("N");
        for (var i = 0; ; i++)
        {
            var key = $"{prefix}-{i}";
            var grain = Grain<IProbeGrain>(key);
            if (silo.Address!.Equals(Core.Locator.Home(((GrainReference)(object)grain).GrainId))) return grain;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Network.DisposeAsync();
        Core.Deadlines.Dispose();
        await _services.DisposeAsync();
    }

    private static ServiceProvider Services()
    {
        var services = new ServiceCollection();
        services.AddOptions();
        services.AddSingleton(new SingletonServices(services));
        return services.BuildServiceProvider();
    }

    private static GrainTypeRegistry Types(IServiceProvider services) =>
        new([.. GrainTypeRegistry.LoadedParts(), new EngineCalls()], new GrainClassDescriber(services, new GrainCollectionOptions()).Describe);
}

/// <summary>Keeps what is logged.</summary>
internal sealed class TestLog : ILoggerFactory, ILogger
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _entries = new();

    internal IReadOnlyCollection<(LogLevel Level, string Text)> Entries => _entries;

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _entries.Enqueue((logLevel, formatter(state, exception) + (exception is null ? "" : Environment.NewLine + exception)));
}

/// <summary>Waiting for a condition, with a bound.</summary>
internal static class Until
{
    internal static async Task True(Func<bool> condition, string what)
    {
        var limit = Task.Delay(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            if (limit.IsCompleted) throw new TimeoutException($"Waited in vain: {what}");
            await Task.Yield();
        }
    }
}
