using System.Globalization;
using Granary.Cluster.Witnessing;

namespace Granary.Cluster.Harness;

/// <summary>Silo processes over redis-server processes, with a witness: everything real, everything on this machine.</summary>
internal sealed class RealCluster : IAsyncDisposable
{
    private readonly RealClusterOptions _options;
    private readonly List<ChildProcess> _past = [];
    private readonly List<SiloProcess> _silos = [];
    private readonly List<TestClient> _clients = [];
    private readonly string _id = $"test-{Guid.NewGuid():N}"[..13];

    private RealCluster(RealClusterOptions options, IClusterNetwork network) => (_options, Network) = (options, network);

    internal IClusterNetwork Network { get; }

    /// <summary>Membership and directory.</summary>
    internal RedisServer Redis { get; private set; } = null!;

    internal ClusterNode RedisNode { get; private set; } = null!;

    /// <summary>Grain state: the same server, or one of its own.</summary>
    internal RedisServer Storage { get; private set; } = null!;

    /// <summary>The witness's, which nothing disturbs.</summary>
    internal RedisServer WitnessRedis { get; private set; } = null!;

    internal Audit Audit { get; private set; } = null!;

    /// <summary>The silos, in the order of their start. One that is started again takes the place of its predecessor.</summary>
    internal IReadOnlyList<SiloProcess> Silos => _silos;

    /// <summary>A client in this process.</summary>
    internal TestClient Client => _clients[0];

    internal static async Task<RealCluster> StartAsync(RealClusterOptions? options = null)
    {
        options ??= new RealClusterOptions();
        var cluster = new RealCluster(options, options.Network is { } create ? await create() : new LoopbackNetwork());
        try
        {
            await cluster.StartAllAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a test; when it fails, what the silos wrote is part of the message.</summary>
    internal async Task RunAsync(Func<Task> test)
    {
        try
        {
            await test();
        }
        catch (Exception error) when (error is not OperationCanceledException || !_isDisposed)
        {
            throw new ClusterTestException($"{error.Message}\n{Logs()}", error);
        }
    }

    /// <summary>Adds a silo and waits until it is active.</summary>
    internal async Task<SiloProcess> AddSiloAsync()
    {
        var silo = await LaunchAsync();
        await silo.ReadyAsync();
        return silo;
    }

    /// <summary>Starts a silo that has ended again, at the same address.</summary>
    internal async Task<SiloProcess> RestartAsync(SiloProcess silo)
    {
        var at = _silos.IndexOf(silo);
        if (!silo.HasExited) throw new InvalidOperationException($"{silo} still runs.");
        await ForgetAsync(silo);
        var next = Start(silo.Node, silo.Port, silo.Name);
        _silos[at] = next;
        await next.ReadyAsync();
        return next;
    }

    /// <summary>One more client in this process.</summary>
    internal async Task<TestClient> ConnectAsync()
    {
        var client = await TestClient.ConnectAsync(_id, Redis.Connection, _options.ResponseTimeout);
        _clients.Add(client);
        return client;
    }

    internal SiloProcess SiloAt(string address) => _silos.Find(s => s.Address == address) ?? throw new InvalidOperationException($"No silo of the cluster is {address}.");

    /// <summary>Fails when the witness has seen two activations of a grain at once.</summary>
    internal async Task AuditAsync()
    {
        await Audit.ReadAsync();
        if (Audit.Overlaps() is { Count: > 0 } overlaps) throw new ClusterTestException($"{overlaps.Count} double activations:\n{string.Join('\n', overlaps.Take(10))}");
    }

    /// <summary>The last lines of all its processes.</summary>
    internal string Logs(int lines = 40) => string.Join('\n', _past.Concat(_silos.Select(s => s.Process)).Select(p => p.Tail(lines)));

    public async ValueTask DisposeAsync()
    {
        _isDisposed = true;
        foreach (var client in _clients) await client.DisposeAsync();
        foreach (var silo in _silos) await silo.DisposeAsync();
        Audit?.Dispose();
        if (Storage is not null && Storage != Redis) await Storage.DisposeAsync();
        if (Redis is not null) await Redis.DisposeAsync();
        if (WitnessRedis is not null) await WitnessRedis.DisposeAsync();
        await Network.DisposeAsync();
    }

    private bool _isDisposed;

    private async Task StartAllAsync()
    {
        RedisNode = await Network.AddAsync("redis");
        Redis = await RedisServer.StartAsync("redis", RedisNode, _options.IsRedisDurable);
        Storage = _options.HasOwnStorage ? await RedisServer.StartAsync("storage", Network.Here, isDurable: true) : Redis;
        WitnessRedis = await RedisServer.StartAsync("witness", Network.Here, isDurable: false);
        Audit = await Audit.ConnectAsync(WitnessRedis.Connection);
        var silos = new List<SiloProcess>();
        for (var i = 0; i < _options.Silos; i++) silos.Add(await LaunchAsync());
        await Task.WhenAll(silos.Select(s => s.ReadyAsync()));
        await ConnectAsync();
        await Client.KnowsAsync(_options.Silos);
    }

    private async Task<SiloProcess> LaunchAsync()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"silo{_silos.Count + 1}");
        var node = await Network.AddAsync(name);
        var silo = Start(node, node.HasOwnPorts ? 11111 : FreePort.Next(node.Listen), name);
        _silos.Add(silo);
        return silo;
    }

    private SiloProcess Start(ClusterNode node, int port, string name)
    {
        var redis = Network.Route(node, RedisNode, Redis.EndPoint.Port);
        var connection = Redis.Connection.Replace(Redis.EndPoint.ToString(), redis.ToString(), StringComparison.Ordinal);
        Dictionary<string, string> settings = new(_options.Settings, StringComparer.Ordinal)
        {
            ["Silo:Cluster"] = _id,
            ["Silo:Name"] = name,
            ["Silo:Address"] = node.Address.ToString(),
            ["Silo:Listen"] = node.Listen.ToString(),
            ["Silo:Port"] = port.ToString(CultureInfo.InvariantCulture),
            ["Silo:Redis"] = connection,
            ["Silo:Storage"] = _options.HasOwnStorage ? Storage.Connection : connection,
            ["Silo:Witness"] = WitnessRedis.Connection,
            ["Silo:ResponseTimeoutSeconds"] = _options.ResponseTimeout.TotalSeconds.ToString(CultureInfo.InvariantCulture),
        };
        return SiloProcess.Start(Network, node, port, name, settings);
    }

    private async Task ForgetAsync(SiloProcess silo)
    {
        await silo.DisposeAsync();
        _past.Add(silo.Process);
    }
}

/// <summary>How a cluster of processes is made.</summary>
internal sealed record RealClusterOptions
{
    internal int Silos { get; init; } = 2;

    /// <summary>Whether the cluster's Redis keeps its data when its process is killed.</summary>
    internal bool IsRedisDurable { get; init; } = true;

    /// <summary>Whether grain state is on a Redis of its own, so that the cluster's can be disturbed alone.</summary>
    internal bool HasOwnStorage { get; init; } = true;

    /// <summary>How long a call may take.</summary>
    internal TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Settings of the silos, as in their configuration.</summary>
    internal IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Settings for leases of another length than usual.</summary>
    internal static IReadOnlyDictionary<string, string> Leases(TimeSpan lease, TimeSpan margin) => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["Granary:Engine:LeaseDuration"] = lease.ToString("c", CultureInfo.InvariantCulture),
        ["Granary:Engine:LeaseMargin"] = margin.ToString("c", CultureInfo.InvariantCulture),
        ["Granary:Engine:RenewPeriod"] = (lease / 20).ToString("c", CultureInfo.InvariantCulture),
    };

    /// <summary>Makes the network; without it, the loopback address.</summary>
    internal Func<Task<IClusterNetwork>>? Network { get; init; }
}

/// <summary>A test of a cluster failed.</summary>
internal sealed class ClusterTestException : Exception
{
    public ClusterTestException(string message)
        : base(message)
    {
    }

    public ClusterTestException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
