using System.Collections.ObjectModel;
using System.Globalization;
using System.Net;
using System.Text;
using Granary.Engine.Hosting;
using Granary.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Orleans.TestingHost;

/// <summary>
/// A cluster in this process: silos with services of their own that talk over loopback sockets, and a client. Membership, directory, memory storage and in-memory reminders are
/// shared, so what a killed silo has stored is there for the others. Its ports are free ones, so clusters run side by side. (Starting and stopping; what a test asks of it: <c>TestCluster.Grains.cs</c>.)
/// </summary>
public partial class TestCluster : IDisposable, IAsyncDisposable
{
    private static readonly TimeSpan s_stabilization = TimeSpan.FromSeconds(20);

    /// <summary>The threads of the pool that the test platform and the test framework (VSTest and xunit v2: seen in stack dumps) hold for the whole run.</summary>
    private const int ThreadsOfTestPlatform = 2;

    private readonly InMemoryCluster _shared = new(isShared: true);
    private readonly List<SiloHandle> _silos = [];
    private readonly List<SiloHandle> _stopped = [];
    private readonly Lock _lock = new();
    private readonly StringBuilder _log = new();
    private short _started;
    private IHost? _clientHost;
    private bool _isDisposed;

    internal TestCluster(TestClusterOptions options, IReadOnlyList<IConfigurationSource> configurationSources)
    {
        Options = options;
        ConfigurationSources = configurationSources;
    }

    public TestClusterOptions Options { get; }

    public IReadOnlyList<IConfigurationSource> ConfigurationSources { get; }

    /// <summary>The first silo that was started; null when it is stopped.</summary>
    public SiloHandle? Primary => Silos.FirstOrDefault(s => s.InstanceNumber == 0);

    /// <summary>The other silos that run.</summary>
    public IReadOnlyList<SiloHandle> SecondarySilos => [.. Silos.Where(s => s.InstanceNumber != 0)];

    /// <summary>The silos that run.</summary>
    public ReadOnlyCollection<SiloHandle> Silos
    {
        get
        {
            lock (_lock) return _silos.ToArray().AsReadOnly();
        }
    }

    /// <summary>A client, connected over sockets.</summary>
    /// <exception cref="InvalidOperationException">It is not connected.</exception>
    public IClusterClient Client => ServiceProvider.GetRequiredService<IClusterClient>();

    /// <summary>The client's references to grains.</summary>
    public IGrainFactory GrainFactory => Client;

    /// <summary>The client's services.</summary>
    /// <exception cref="InvalidOperationException">The client is not connected.</exception>
    public IServiceProvider ServiceProvider => _clientHost?.Services
        ?? throw new InvalidOperationException("The test cluster's client is not connected. Call DeployAsync (with InitializeClientOnDeploy) or InitializeClientAsync first.");

    /// <inheritdoc cref="DeployAsync()"/>
    public void Deploy() => Wait(DeployAsync);

    /// <summary>Starts the initial silos and connects the client.</summary>
    public Task DeployAsync() => DeployAsync(CancellationToken.None);

    /// <inheritdoc cref="DeployAsync()"/>
    public async Task DeployAsync(CancellationToken cancellationToken)
    {
        if (Silos.Count > 0) throw new InvalidOperationException("The test cluster has been deployed already.");
        KeepThreads();
        try
        {
            await StartAdditionalSilosAsync(Options.InitialSilosCount, startAdditionalSiloOnNewPort: false, cancellationToken);
            if (Options.InitializeClientOnDeploy) await InitializeClientAsync(cancellationToken);
            await WaitForLivenessToStabilizeAsync();
        }
        catch
        {
            await StopAllSilosAsync(CancellationToken.None);
            throw;
        }
    }

    /// <summary>
    /// Has the pool keep a thread for each processor beside those that a test run holds. Without them, on two processors, it adds threads one by one, half a second apart, and calls of a test last as long.
    /// </summary>
    private static void KeepThreads()
    {
        ThreadPool.GetMinThreads(out var workers, out var completions);
        ThreadPool.SetMinThreads(Math.Max(workers, Environment.ProcessorCount + ThreadsOfTestPlatform), completions);
    }

    /// <summary>Connects a client, if none is connected.</summary>
    public Task InitializeClientAsync() => InitializeClientAsync(CancellationToken.None);

    /// <inheritdoc cref="InitializeClientAsync()"/>
    public async Task InitializeClientAsync(CancellationToken cancellationToken)
    {
        if (_clientHost is not null) return;
        var configuration = Configuration();
        var builder = new HostBuilder().ConfigureHostConfiguration(host => host.AddConfiguration(configuration));
        var configurators = Configurators(Options.ClientBuilderConfiguratorTypes);
        foreach (var configurator in configurators.OfType<IHostConfigurator>()) configurator.Configure(builder);
        builder.UseOrleansClient((_, client) =>
        {
            client.Configure<ClusterOptions>(SetIds);
            client.UseStaticClustering([.. Silos.Select(s => s.GatewayAddress.Endpoint)]);
            foreach (var configurator in configurators.OfType<IClientBuilderConfigurator>()) configurator.Configure(configuration, client);
        });
        var clientHost = builder.Build();
        await clientHost.StartAsync(cancellationToken);
        _clientHost = clientHost;
        Write("The client is connected.");
    }

    /// <inheritdoc cref="StartAdditionalSiloAsync"/>
    public SiloHandle StartAdditionalSilo(bool startAdditionalSiloOnNewPort = false)
    {
        SiloHandle started = null!;
        Wait(async () => started = await StartAdditionalSiloAsync(startAdditionalSiloOnNewPort));
        return started;
    }

    /// <summary>Starts one more silo. It has a free port in any case.</summary>
    public async Task<SiloHandle> StartAdditionalSiloAsync(bool startAdditionalSiloOnNewPort = false) => (await StartAdditionalSilosAsync(1, startAdditionalSiloOnNewPort))[0];

    /// <inheritdoc cref="StartAdditionalSiloAsync"/>
    public Task<List<SiloHandle>> StartAdditionalSilosAsync(int silosToStart, bool startAdditionalSiloOnNewPort = false) =>
        StartAdditionalSilosAsync(silosToStart, startAdditionalSiloOnNewPort, CancellationToken.None);

    /// <inheritdoc cref="StartAdditionalSiloAsync"/>
    public async Task<List<SiloHandle>> StartAdditionalSilosAsync(int silosToStart, bool startAdditionalSiloOnNewPort, CancellationToken cancellationToken)
    {
        var starting = Enumerable.Range(0, silosToStart).Select(_ => StartOneAsync(null, cancellationToken)).ToArray();
        return [.. await Task.WhenAll(starting)];
    }

    /// <summary>Stops every silo but the first.</summary>
    public Task StopSecondarySilosAsync() => StopSecondarySilosAsync(CancellationToken.None);

    /// <inheritdoc cref="StopSecondarySilosAsync()"/>
    public async Task StopSecondarySilosAsync(CancellationToken cancellationToken)
    {
        foreach (var silo in SecondarySilos.Reverse()) await StopSiloAsync(silo, cancellationToken);
    }

    /// <summary>Stops the first silo.</summary>
    public Task StopPrimarySiloAsync() => StopPrimarySiloAsync(CancellationToken.None);

    /// <inheritdoc cref="StopPrimarySiloAsync()"/>
    public async Task StopPrimarySiloAsync(CancellationToken cancellationToken)
    {
        if (Primary is { } primary) await StopSiloAsync(primary, cancellationToken);
    }

    /// <summary>Disconnects the client.</summary>
    public Task StopClusterClientAsync() => StopClusterClientAsync(CancellationToken.None);

    /// <inheritdoc cref="StopClusterClientAsync()"/>
    public async Task StopClusterClientAsync(CancellationToken cancellationToken)
    {
        if (_clientHost is not { } client) return;
        _clientHost = null;
        await client.StopAsync(cancellationToken);
        await DisposeAsync(client);
    }

    /// <summary>Ends the client as if its process had died.</summary>
    public async Task KillClientAsync()
    {
        if (_clientHost is not { } client) return;
        _clientHost = null;
        await client.StopAsync(new CancellationToken(canceled: true));
        await DisposeAsync(client);
    }

    /// <inheritdoc cref="StopAllSilosAsync()"/>
    public void StopAllSilos() => Wait(StopAllSilosAsync);

    /// <summary>Disconnects the client and stops every silo, the first one last.</summary>
    public Task StopAllSilosAsync() => StopAllSilosAsync(CancellationToken.None);

    /// <inheritdoc cref="StopAllSilosAsync()"/>
    public async Task StopAllSilosAsync(CancellationToken cancellationToken)
    {
        await StopClusterClientAsync(cancellationToken);
        await StopSecondarySilosAsync(cancellationToken);
        await StopPrimarySiloAsync(cancellationToken);
    }

    /// <summary>Stops a silo as an operator would: it drains first.</summary>
    public Task StopSiloAsync(SiloHandle instance) => StopSiloAsync(instance, CancellationToken.None);

    /// <inheritdoc cref="StopSiloAsync(SiloHandle)"/>
    public Task StopSiloAsync(SiloHandle instance, CancellationToken cancellationToken) => TakeOutAsync(instance, silo => silo.StopSiloAsync(cancellationToken), "stopped");

    /// <summary>Ends a silo as if its process had died: its connections break, and the others know at once.</summary>
    public Task KillSiloAsync(SiloHandle instance) => KillSiloAsync(instance, CancellationToken.None);

    /// <inheritdoc cref="KillSiloAsync(SiloHandle)"/>
    public Task KillSiloAsync(SiloHandle instance, CancellationToken cancellationToken) => TakeOutAsync(instance, silo => silo.StopSiloAsync(stopGracefully: false, cancellationToken), "killed");

    /// <summary>Stops a silo and starts another one of its name.</summary>
    public async Task<SiloHandle?> RestartSiloAsync(SiloHandle instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        await StopSiloAsync(instance);
        return await StartOneAsync(instance, CancellationToken.None);
    }

    /// <summary>Starts another silo of the name of one that was stopped.</summary>
    /// <exception cref="ArgumentException">No stopped silo has that name.</exception>
    public async Task<SiloHandle> RestartStoppedSecondarySiloAsync(string siloName)
    {
        SiloHandle? stopped;
        lock (_lock) stopped = _stopped.Find(s => s.Name == siloName);
        return await StartOneAsync(stopped ?? throw new ArgumentException($"No stopped silo is called '{siloName}'.", nameof(siloName)), CancellationToken.None);
    }

    /// <summary>What was done with the cluster.</summary>
    public string GetLog()
    {
        lock (_lock) return _log.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        await StopAllSilosAsync();
        SiloHandle[] stopped;
        lock (_lock) stopped = [.. _stopped];
        foreach (var silo in stopped) await silo.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    public void Dispose()
    {
        Wait(async () => await DisposeAsync());
        GC.SuppressFinalize(this);
    }

    private static object[] Configurators(IEnumerable<string?> names) =>
    [
        .. names.OfType<string>().Select(name => Activator.CreateInstance(Type.GetType(name, throwOnError: true)!, nonPublic: true)!),
    ];

    private static async Task DisposeAsync(IHost host)
    {
        if (host is IAsyncDisposable disposable) await disposable.DisposeAsync();
        else host.Dispose();
    }

    private static void Wait(Func<Task> action) => Task.Run(action).GetAwaiter().GetResult();

    private async Task<SiloHandle> StartOneAsync(SiloHandle? like, CancellationToken cancellation)
    {
        short number;
        lock (_lock) number = like?.InstanceNumber ?? _started++;
        var name = like?.Name ?? (number == 0 ? "Primary" : string.Create(CultureInfo.InvariantCulture, $"Secondary_{number}"));
        var configuration = Configuration();
        var builder = new HostBuilder().ConfigureHostConfiguration(host => host.AddConfiguration(configuration));
        var configurators = Configurators(Options.SiloBuilderConfiguratorTypes);
        foreach (var configurator in configurators.OfType<IHostConfigurator>()) configurator.Configure(builder);
        builder.UseOrleans((_, silo) =>
        {
            silo.Services.AddSingleton(_shared);
            silo.Configure<SiloOptions>(options => options.SiloName = name);
            silo.Configure<ClusterOptions>(SetIds);
            silo.ConfigureEndpoints(IPAddress.Loopback, siloPort: 0, gatewayPort: 0);
            // A busy machine is no reason for a test to fail.
            silo.Configure<EngineOptions>(options =>
            {
                options.OverloadQueueDelay = TimeSpan.Zero;
                options.ExitWhenFenced = false;
            });
            foreach (var configurator in configurators.OfType<ISiloConfigurator>()) configurator.Configure(silo);
        });
        SiloHandle handle = await InProcessSiloHandle.StartAsync(builder.Build(), DeclareDeadAsync, cancellation);
        handle.InstanceNumber = number;
        handle.ClusterOptions = Options;
        lock (_lock)
        {
            _silos.Add(handle);
            _silos.Sort(static (a, b) => a.InstanceNumber.CompareTo(b.InstanceNumber));
        }

        Write($"{handle} has started.");
        return handle;
    }

    private async Task TakeOutAsync(SiloHandle? instance, Func<SiloHandle, Task> take, string how)
    {
        if (instance is null) return;
        lock (_lock)
        {
            if (!_silos.Remove(instance)) return;
            _stopped.Add(instance);
        }

        await take(instance);
        Write($"{instance} was {how}.");
    }

    private async Task DeclareDeadAsync(SiloAddress address)
    {
        if (_shared.Membership.View.Silos.FirstOrDefault(s => s.Address.Equals(address)) is { } entry)
            await _shared.Membership.WriteAsync(entry with { Status = SiloStatus.Dead }, CancellationToken.None);
    }

    private IConfigurationRoot Configuration()
    {
        var builder = new ConfigurationBuilder();
        foreach (var source in ConfigurationSources) builder.Add(source);
        return builder.Build();
    }

    private void SetIds(ClusterOptions options)
    {
        options.ClusterId = Options.ClusterId;
        options.ServiceId = Options.ServiceId;
    }

    private void Write(string line)
    {
        lock (_lock) _log.AppendLine(line);
    }
}
