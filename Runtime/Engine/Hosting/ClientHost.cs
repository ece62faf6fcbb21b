using System.Net;
using Granary.Engine.Management;
using Granary.Engine.Membership;
using Granary.Engine.Transport;
using Granary.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Granary.Engine.Hosting;

/// <summary>
/// Keeps a client connected to its cluster: at start to one of the configured silos, whose view tells the others; later, when no connection is left, to any silo it knew or was configured with.
/// While the client has observers it also keeps connections to its gateways, through which any silo can reach them.
/// </summary>
internal sealed partial class ClientHost(
    IServiceProvider services,
    ClientCore client,
    IOptions<EngineOptions> engine,
    IOptions<StaticGatewayListProviderOptions> gateways,
    IOptions<ClusterOptions> cluster,
    IOptions<ClientMessagingOptions> messaging,
    ILoggerFactory loggers) : IHostedService, IAsyncDisposable
{
    private static readonly TimeSpan s_upkeepPeriod = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_retryDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private const int UpkeepsBetweenPings = 5;

    private readonly ILogger _logger = loggers.CreateLogger<ClientHost>();
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stopping = new();
    private PeerNetwork? _network;
    private Timer? _upkeep;
    private int _working;
    private int _upkeeps;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _network = new PeerNetwork(
            client,
            new PeerNetworkOptions
            {
                ClusterId = cluster.Value.ClusterId,
                SharedSecret = engine.Value.ClusterSecret,
                MaxFrameBytes = Math.Min(engine.Value.MaxFrameBytes, messaging.Value.MaxMessageBodySize),
                MaxQueuedBytes = engine.Value.MaxQueuedBytes,
                OnView = OnView,
                OnPeerLost = _ => Wake(),
            },
            loggers,
            TimeProvider.System);
        client.Network = _network;
        await ConnectFirstAsync(cancellationToken);
        client.Observers.Began += Wake;
        _upkeep = new Timer(static host => _ = ((ClientHost)host!).UpkeepAsync(), this, s_upkeepPeriod, s_upkeepPeriod);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_stopping.IsCancellationRequested) return;
        await _stopping.CancelAsync();
        if (_upkeep is not null) await _upkeep.DisposeAsync();
        if (_network is not null) await _network.StopAsync(cancellationToken.IsCancellationRequested ? TimeSpan.Zero : TimeSpan.FromSeconds(1));
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(new CancellationToken(canceled: true));
        client.Deadlines.Dispose();
    }

    [LoggerMessage(1081, LogLevel.Information, "Connected to the cluster '{Cluster}' through {Silo}; {Count} silos are active.")]
    private static partial void LogConnected(ILogger logger, string cluster, SiloAddress silo, int count);

    [LoggerMessage(1082, LogLevel.Warning, "No connection to the cluster '{Cluster}' is left; trying {Addresses}.")]
    private static partial void LogLost(ILogger logger, string cluster, string addresses);

    /// <exception cref="SiloUnavailableException">No configured silo answered, and nobody wanted to try on.</exception>
    private async Task ConnectFirstAsync(CancellationToken cancellation)
    {
        var addresses = gateways.Value.Gateways.ConvertAll(GatewayAddress.Endpoint);
        if (addresses.Count == 0)
        {
            throw new OrleansConfigurationException(
                "The client has no silo to connect to. Say where one is: client.UseLocalhostClustering() for one on this machine, or client.UseStaticClustering(new IPEndPoint(...)).");
        }

        var filter = services.GetService<IClientConnectionRetryFilter>();
        var patience = Environment.TickCount64 + (long)s_patience.TotalMilliseconds;
        while (true)
        {
            var failure = await TryConnectAsync(addresses, cancellation);
            if (failure is null) return;
            if (filter is not null ? !await filter.ShouldRetryConnectionAttempt(failure, cancellation) : Environment.TickCount64 > patience)
                throw new SiloUnavailableException($"None of the silos {string.Join(", ", addresses)} let this client in: {failure.Message} Is one running there?", failure);
            if (filter is null) await Task.Delay(s_retryDelay, TimeProvider.System, cancellation);
        }
    }

    /// <summary>Tries each in a random order. Null when one answered.</summary>
    private async Task<Exception?> TryConnectAsync(IReadOnlyList<IPEndPoint> addresses, CancellationToken cancellation)
    {
        Exception failure = new SiloUnavailableException("No address is known.");
        foreach (var address in addresses.OrderBy(_ => Random.Shared.Next()))
        {
            try
            {
                var silo = await _network!.ConnectAsync(address, cancellation);
                LogConnected(_logger, cluster.Value.ClusterId, silo, client.View.Active.Length);
                return null;
            }
            catch (Exception error) when (!cancellation.IsCancellationRequested)
            {
                failure = error;
            }
        }

        return failure;
    }

    /// <summary>A silo told its view; only a newer one counts.</summary>
    private void OnView(SiloAddress from, byte[] bytes)
    {
        var view = MembershipViewCodec.Decode(bytes);
        MembershipView previous;
        lock (_lock)
        {
            previous = client.View;
            // Versions are counted by the table of one cluster; a silo we did not know may belong to a new table.
            var isSameCluster = previous.Version == 0 || previous.Silos.Any(s => view.Silos.Any(v => v.Address.Equals(s.Address)));
            if (isSameCluster && view.Version <= previous.Version) return;
            client.View = view;
            client.Types.LearnFrom(view.Silos.Where(s => s.Status == SiloStatus.Active).SelectMany(s => s.GrainTypes));
        }

        foreach (var known in previous.Silos)
        {
            if (view.IsAlive(known.Address)) continue;
            client.Locator.ForgetSilo(known.Address);
            // Not on this thread: it may be a connection to that silo that brought the view.
            ThreadPool.UnsafeQueueUserWorkItem(static s => s.Network.ForgetSilo(s.Address), (client.Network, known.Address), preferLocal: false);
        }
    }

    private void Wake()
    {
        if (!_stopping.IsCancellationRequested) _ = UpkeepAsync();
    }

    private async Task UpkeepAsync()
    {
        if (Interlocked.Exchange(ref _working, 1) != 0) return;
        try
        {
            if (_network!.Statistics().Connections.Count == 0) await ReconnectAsync();
            if (client.Observers.Any && _upkeeps++ % UpkeepsBetweenPings == 0) await PingGatewaysAsync();
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            // Stopped in the middle of it.
        }
        finally
        {
            Volatile.Write(ref _working, 0);
        }
    }

    private async Task ReconnectAsync()
    {
        IPEndPoint[] addresses = [.. client.View.Active.Select(s => s.Address.Endpoint).Concat(gateways.Value.Gateways.Select(GatewayAddress.Endpoint)).Distinct()];
        LogLost(_logger, cluster.Value.ClusterId, string.Join(", ", (object[])addresses));
        await TryConnectAsync(addresses, _stopping.Token);
    }

    private async Task PingGatewaysAsync()
    {
        var (first, second) = client.Observers.Gateways(client.ClientId.Key.ToString());
        foreach (var silo in new[] { first, second })
        {
            if (silo is null) continue;
            try
            {
                await services.GetRequiredService<IGrainFactory>().GetGrain<ISiloControl>(SiloControl.IdIn(silo)).Ping();
            }
            catch (Exception error) when (error is OrleansException or TimeoutException)
            {
                // It is the cluster's business to notice that the silo is gone; then the view names another.
            }
        }
    }
}
