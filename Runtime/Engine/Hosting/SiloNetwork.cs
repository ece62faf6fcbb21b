using System.Net;
using System.Net.Sockets;
using Granary.Engine.Membership;
using Granary.Engine.Transport;
using Granary.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Granary.Engine.Hosting;

/// <summary>Opens the silo's network: its own port and its gateway port are alike, silos and clients may use either.</summary>
internal sealed partial class SiloNetwork(
    SiloCore silo,
    LivenessAgent liveness,
    IOptions<EngineOptions> engine,
    IOptions<EndpointOptions> endpoint,
    IOptions<ClusterOptions> cluster,
    IOptions<SiloMessagingOptions> messaging,
    ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger<SiloNetwork>();

    /// <summary>Listens, if the silo is to be reached, and makes the silo's address final.</summary>
    /// <exception cref="IOException">The port is taken and the silo is to be one of several.</exception>
    /// <returns>Whether it listens.</returns>
    internal bool Open()
    {
        var sockets = engine.Value.Listen == true ? Bind() : [];
        if (sockets.Count > 0) silo.Address = SiloAddress.New(silo.Address.Endpoint.Address, ((IPEndPoint)sockets[0].LocalEndPoint!).Port, silo.Address.Generation);
        var network = new PeerNetwork(
            silo,
            new PeerNetworkOptions
            {
                ClusterId = cluster.Value.ClusterId,
                SharedSecret = engine.Value.ClusterSecret,
                Tls = engine.Value.Tls,
                MaxFrameBytes = Math.Min(engine.Value.MaxFrameBytes, messaging.Value.MaxMessageBodySize),
                MaxQueuedBytes = engine.Value.MaxQueuedBytes,
                View = () => MembershipViewCodec.Encode(silo.View),
                OnPeerLost = liveness.OnPeerLost,
            },
            loggers,
            TimeProvider.System); // sockets live in real time, whatever clock the grains have
        silo.Network = network;
        foreach (var socket in sockets) network.Listen(socket);
        return sockets.Count > 0;
    }

    [LoggerMessage(1051, LogLevel.Warning, "{Problem} This silo serves its own process only. Is another one running on this machine? Choose other ports, or set Granary:Engine:Listen to false if this is meant.")]
    private static partial void LogAlone(ILogger logger, string problem);

    private List<Socket> Bind()
    {
        var options = endpoint.Value;
        var address = silo.Address.Endpoint.Address;
        var sockets = new List<Socket>();
        try
        {
            sockets.Add(PeerNetwork.Bind(options.SiloListeningEndpoint ?? new IPEndPoint(address, options.SiloPort)));
            var gateway = options.GatewayListeningEndpoint ?? (options.GatewayPort == 0 ? null : new IPEndPoint(address, options.GatewayPort));
            if (gateway is not null && gateway.Port != options.SiloPort) sockets.Add(PeerNetwork.Bind(gateway));
            return sockets;
        }
        catch (IOException taken) when (silo.Locator.IsLocal)
        {
            foreach (var socket in sockets) socket.Dispose();
            LogAlone(_logger, taken.Message);
            return [];
        }
    }
}
