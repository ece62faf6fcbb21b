using Granary.Interop.Tests;
using Granary.Redis.Tests.Support;
using Granary.Tests;

namespace Granary.Dashboard.Tests;

/// <summary>Three silos and an ApiHost over a real Redis, called all the time, and a browser that looks at them.</summary>
public sealed class LiveCluster : IAsyncLifetime
{
    private const int Silos = 3;
    private const string Secret = "Granary:Engine:ClusterSecret=a secret of the cluster's processes";

    private readonly List<HostProcess> _silos = [];
    private readonly CancellationTokenSource _over = new();
    private RedisServer? _redis;
    private HostProcess? _host;
    private ForeignClient? _browser;
    private Task _traffic = Task.CompletedTask;

    internal Uri Address { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        var installed = Npm.InstallAsync(ForeignClient.Folder);
        _redis = await RedisServer.StartAsync();
        var redis = $"Granary:Redis:ConnectionString={_redis.Address}";
        for (var i = 0; i < Silos; i++) _silos.Add(HostProcess.Start("Silo", "Production", redis, Secret, $"Granary:Cluster:SiloName=silo-{i}"));
        await Task.WhenAll(_silos.Select(s => s.AddressAsync()));

        _host = HostProcess.Start("ApiHost", "Production", redis, Secret, Tokens.Setting, "Granary:Mode=Client");
        Address = await _host.AddressAsync();
        _traffic = Traffic.RunAsync(Address, _over.Token);
        await installed;
        _browser = ForeignClient.Start("node", "page.mjs", Address.ToString(), Tokens.For("user", "admin"), Tokens.For("user"));
    }

    public async Task DisposeAsync()
    {
        await _over.CancelAsync();
        if (_browser is not null) await _browser.DisposeAsync();
        await _traffic;
        if (_host is not null) await _host.DisposeAsync();
        foreach (var silo in _silos) await silo.DisposeAsync();
        if (_redis is not null) await _redis.DisposeAsync();
        _over.Dispose();
    }

    /// <summary>Runs a case of page.mjs.</summary>
    internal Task RunAsync(string name) => _browser!.RunAsync(name);

    /// <summary>Kills the last silo, as if its machine had died.</summary>
    internal async Task KillASiloAsync()
    {
        _silos[^1].Kill();
        await _silos[^1].ExitAsync();
    }
}

[CollectionDefinition(Name)]
public sealed class LiveClusterCollection : ICollectionFixture<LiveCluster>
{
    public const string Name = "live cluster";
}
