using System.Net;
using Granary.Engine.Hosting;
using Granary.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans.Hosting;

/// <summary>A silo that is a cluster of its own.</summary>
public static class CoreHostingExtensions
{
    /// <summary>
    /// One silo, with its membership and directory in memory. It listens on the loopback address so that clients on this machine can connect; when the ports are taken,
    /// the silo says so in the log and serves its own process only.
    /// </summary>
    /// <param name="builder">The silo.</param>
    /// <param name="siloPort">The port for silos; 0 is any free one.</param>
    /// <param name="gatewayPort">The port for clients; 0 is none of its own.</param>
    /// <param name="primarySiloEndpoint">Unset, or this silo's own endpoint: membership in memory does not reach another process.</param>
    /// <param name="serviceId">See <see cref="ClusterOptions.ServiceId"/>.</param>
    /// <param name="clusterId">See <see cref="ClusterOptions.ClusterId"/>.</param>
    /// <exception cref="OrleansConfigurationException"><paramref name="primarySiloEndpoint"/> is another silo.</exception>
    public static ISiloBuilder UseLocalhostClustering(
        this ISiloBuilder builder,
        int siloPort = EndpointOptions.DEFAULT_SILO_PORT,
        int gatewayPort = EndpointOptions.DEFAULT_GATEWAY_PORT,
        IPEndPoint? primarySiloEndpoint = null,
        string serviceId = ClusterOptions.DevelopmentServiceId,
        string clusterId = ClusterOptions.DevelopmentClusterId)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (primarySiloEndpoint is not null && primarySiloEndpoint.Port != siloPort)
        {
            throw new OrleansConfigurationException(
                $"The silo on port {siloPort} was told to join the one at {primarySiloEndpoint}, but the membership of UseLocalhostClustering is in memory and does not reach another process. Cluster several processes over Redis, or run one silo.");
        }

        builder.Services.Configure<ClusterOptions>(options =>
        {
            options.ServiceId = serviceId;
            options.ClusterId = clusterId;
        });
        return builder.ConfigureEndpoints(IPAddress.Loopback, siloPort, gatewayPort);
    }
}

/// <summary>Where a silo listens.</summary>
public static class EndpointOptionsExtensions
{
    /// <summary>Listens on an address of a host name.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="advertisedIP">The address under which others reach this silo.</param>
    /// <param name="siloPort">The port for silos; 0 is any free one.</param>
    /// <param name="gatewayPort">The port for clients; 0 is none of its own.</param>
    /// <param name="listenOnAnyHostAddress">Whether to listen on every address of the machine.</param>
    public static ISiloBuilder ConfigureEndpoints(this ISiloBuilder builder, IPAddress advertisedIP, int siloPort, int gatewayPort, bool listenOnAnyHostAddress = false)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(advertisedIP);
        builder.Services.Configure<EndpointOptions>(options =>
        {
            options.AdvertisedIPAddress = advertisedIP;
            options.SiloPort = siloPort;
            options.GatewayPort = gatewayPort;
            options.SiloListeningEndpoint = listenOnAnyHostAddress ? new IPEndPoint(Any(advertisedIP), siloPort) : null;
            options.GatewayListeningEndpoint = listenOnAnyHostAddress && gatewayPort != 0 ? new IPEndPoint(Any(advertisedIP), gatewayPort) : null;
        });
        builder.Services.Configure<EngineOptions>(options => options.Listen ??= true);
        return builder;
    }

    /// <summary>Listens on the address that a host name resolves to.</summary>
    /// <inheritdoc cref="ConfigureEndpoints(ISiloBuilder, IPAddress, int, int, bool)"/>
    public static ISiloBuilder ConfigureEndpoints(
        this ISiloBuilder builder,
        string hostname,
        int siloPort,
        int gatewayPort,
        System.Net.Sockets.AddressFamily addressFamily = System.Net.Sockets.AddressFamily.InterNetwork,
        bool listenOnAnyHostAddress = false) =>
        builder.ConfigureEndpoints(LocalAddress.Of(hostname, addressFamily), siloPort, gatewayPort, listenOnAnyHostAddress);

    /// <summary>Listens on an address of this machine that others can reach.</summary>
    /// <inheritdoc cref="ConfigureEndpoints(ISiloBuilder, IPAddress, int, int, bool)"/>
    public static ISiloBuilder ConfigureEndpoints(
        this ISiloBuilder builder,
        int siloPort,
        int gatewayPort,
        System.Net.Sockets.AddressFamily addressFamily = System.Net.Sockets.AddressFamily.InterNetwork,
        bool listenOnAnyHostAddress = false) =>
        builder.ConfigureEndpoints(LocalAddress.OfThisMachine(addressFamily), siloPort, gatewayPort, listenOnAnyHostAddress);

    private static IPAddress Any(IPAddress address) =>
        address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;
}
