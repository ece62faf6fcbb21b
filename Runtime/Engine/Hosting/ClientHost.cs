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
/// Keeps a client connected to its cluster: at start to a silo of its gateway list, whose view tells the others; later, when no connection is left, to any silo it knew or finds in the list.
/// Attempts are spaced by an exponential backoff with jitter, so that clients that lost a silo together do not come back together.
/// While the client has observers it also keeps connections to its gateways, through which any silo can reach them.
/// </summary>
internal sealed partial class ClientHost(
    IServiceProvider services,
    ClientCore client,
    IOptions<EngineOptions> engine,
    IGatewayList gateways,
    IOptions<ClusterOptions> cluster,
    IOptions<ClientMessagingOptions> messaging,
    ILoggerFactory loggers) : IHostedService, IAsyncDisposable
{
    private static readonly TimeSpan s_upkeepPeriod = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_listTimeout = TimeSpan.FromSeconds(5);
    private const int UpkeepsBetweenPings = 5;

    private readonly ILogger _logger = loggers.CreateLogger<ClientHost>();
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stopping = new();
    private PeerNetwork? _network;
    private Timer? _upkeep;
    private int _working;
    private int _pinging;
    private int _upkeeps;
    private Backoff _reconnects = new();
    private long _reconnectAt;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _network = new PeerNetwork(
            client,
            new PeerNetworkOptions
            {
                ClusterId = cluster.Value.ClusterId,
                SharedSecret = engine.Value.ClusterSecret,
                Tls = engine.Value.Tls,
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

    [LoggerMessage(1083, LogLevel.Warning, "The silos of the cluster '{Cluster}' could not be found; they are looked for again.")]
    private static partial void LogUpkeepFailed(ILogger logger, string cluster, Exception error);

    /// <exception cref="SiloUnavailableException">No silo of the list answered, and nobody wanted to try on.</exception>
    /// <exception cref="OrleansConfigurationException">There is no list.</exception>
    private async Task ConnectFirstAsync(CancellationToken cancellation)
    {
        var filter = services.GetService<IClientConnectionRetryFilter>();
        var patience = Environment.TickCount64 + (long)s_patience.TotalMilliseconds;
        var backoff = new Backoff();
        while (true)
        {
            IReadOnlyList<IPEndPoint> addresses = [];
            Exception? failure;
            try
            {
                addresses = await ReadGatewaysAsync(cancellation);
                failure = await TryConnectAsync(addresses, cancellation);
            }
            catch (Exception error) when (error is MembershipUnavailableException or TimeoutException)
            {
                failure = error;
            }

            if (failure is null) return;
            if (filter is not null ? !await filter.ShouldRetryConnectionAttempt(failure, cancellation) : Environment.TickCount64 > patience)
            {
                throw new SiloUnavailableException(
                    addresses.Count == 0
                        ? $"No silo of the cluster '{cluster.Value.ClusterId}' was found: {failure.Message} Start one, or correct ClusterOptions.ClusterId."
                        : $"None of the silos {string.Join(", ", addresses)} let this client in: {failure.Message} Is one running there?",
                    failure);
            }

            if (filter is null) await Task.Delay(backoff.Next(), TimeProvider.System, cancellation);
        }
    }

    private async Task<IReadOnlyList<IPEndPoint>> ReadGatewaysAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(s_listTimeout);
        return await gateways.ReadAsync(limit.Token).WaitAsync(s_listTimeout, TimeProvider.System, cancellation);
    }

    /// <summary>Tries each in a random order. Null when one answered.</summary>
    private async Task<Exception?> TryConnectAsync(IReadOnlyList<IPEndPoint> addresses, CancellationToken cancellation)
    {
        Exception failure = new SiloUnavailableException("No silo is registered.");
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
            if (!view.Replaces(previous)) return;
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
            // Not awaited: a ping to a silo that is gone takes as long as a call may, and connecting to others must not wait for it.
            if (client.Observers.Any && _upkeeps++ % UpkeepsBetweenPings == 0) _ = PingGatewaysAsync();
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            // Stopped in the middle of it.
        }
        catch (Exception error)
        {
            // The list could not be read: the next round is later.
            _reconnectAt = Environment.TickCount64 + (long)_reconnects.Next().TotalMilliseconds;
            LogUpkeepFailed(_logger, cluster.Value.ClusterId, error);
        }
        finally
        {
            Volatile.Write(ref _working, 0);
        }
    }

    /// <summary>Tries the silos it knew first, then those that are listed now. One round; the next one is not before its backoff.</summary>
    private async Task ReconnectAsync()
    {
        if (Environment.TickCount64 < _reconnectAt) return;
        IPEndPoint[] known = [.. client.View.Active.Select(s => s.Address.Endpoint)];
        LogLost(_logger, cluster.Value.ClusterId, known.Length == 0 ? "those of the list" : string.Join(", ", (object[])known));
        if (known.Length > 0 && await TryConnectAsync(known, _stopping.Token) is null
            || await TryConnectAsync([.. (await ReadGatewaysAsync(_stopping.Token)).Except(known)], _stopping.Token) is null)
        {
            _reconnects = new Backoff();
            _reconnectAt = 0;
            return;
        }

        _reconnectAt = Environment.TickCount64 + (long)_reconnects.Next().TotalMilliseconds;
    }

    /// <summary>One round at a time; never throws.</summary>
    private async Task PingGatewaysAsync()
    {
        if (Interlocked.Exchange(ref _pinging, 1) != 0) return;
        try
        {
            var (first, second) = client.Observers.Gateways(client.ClientId.Key.ToString());
            var grains = services.GetRequiredService<IGrainFactory>();
            await Task.WhenAll(new[] { first, second }.OfType<SiloAddress>().Select(silo => grains.GetGrain<ISiloControl>(SiloControl.IdIn(silo)).Ping()));
        }
        catch (Exception error) when (error is OrleansException or TimeoutException or ObjectDisposedException)
        {
            // It is the cluster's business to notice that the silo is gone; then the view names another.
        }
        finally
        {
            Volatile.Write(ref _pinging, 0);
        }
    }
}
