using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Listening;

/// <summary>
/// The host's Kestrel, which listens, behind it a second one for the connections that turn out to speak HTTP/2 from their first byte, and beside it, where there is HTTP/3, one for that (<see cref="Http3"/>). All serve
/// the same application; addresses and the like are the first one's.
/// A host makes its server while it is built, before its settings are checked: the gateway's are not touched before the start.
/// </summary>
internal sealed class OnePortServer(IServer listening, PriorKnowledgeEndpoint endpoint, Http3 http3, ServerMaker? another, IOptions<KestrelServerOptions> options, IOptions<GatewayOptions> gateway, ILoggerFactory loggers) : IServer
{
    private static readonly TimeSpan s_rateGrace = TimeSpan.FromSeconds(5);

    private KestrelServer? _http2;
    private IServer? _http3;

    public IFeatureCollection Features => listening.Features;

    public async Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull
    {
        Limit(options.Value.Limits, gateway.Value.Connections);
        var http2 = Copy(options.Value);
        http2.Listen(endpoint.Address, listen => listen.Protocols = HttpProtocols.Http2);
        _http2 = new KestrelServer(Options.Create(http2), endpoint, loggers);
        await _http2.StartAsync(application, cancellationToken);
        await listening.StartAsync(application, cancellationToken);
        if (another is not null && http3.IsOffered) await StartHttp3Async(application, another, cancellationToken);
    }

    // Each ends the calls of its connections in order; the first waits for those it has handed over.
    public Task StopAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(listening.StopAsync(cancellationToken), _http2?.StopAsync(cancellationToken) ?? Task.CompletedTask, _http3?.StopAsync(cancellationToken) ?? Task.CompletedTask);

    public void Dispose()
    {
        _http3?.Dispose();
        _http2?.Dispose();
        listening.Dispose();
    }

    // After the others: it has their addresses, of which some may have been any free port.
    private async Task StartHttp3Async<TContext>(IHttpApplication<TContext> application, ServerMaker create, CancellationToken cancellationToken)
        where TContext : notnull
    {
        var addresses = listening.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        var own = Copy(options.Value);
        if (!http3.Listen(own, addresses)) return;
        own.Limits.MaxConcurrentConnections = gateway.Value.Connections.Maximum;
        var server = create(own, http3.Transports);
        try
        {
            await server.StartAsync(application, cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            server.Dispose();
            http3.Fail(error);
            return;
        }

        _http3 = server;
        http3.Tell(addresses);
    }

    private static void Limit(KestrelServerLimits limits, ConnectionOptions connections)
    {
        var rate = new MinDataRate(connections.BytesPerSecond, s_rateGrace);
        limits.MaxConcurrentConnections = connections.Maximum;
        limits.RequestHeadersTimeout = connections.Headers;
        limits.KeepAliveTimeout = connections.Idle;
        limits.MinRequestBodyDataRate = rate;
        limits.MinResponseDataRate = rate;
        limits.MaxRequestHeadersTotalSize = connections.HeaderBytes;
        limits.Http2.MaxStreamsPerConnection = connections.Streams;
        limits.Http2.KeepAlivePingDelay = connections.PingAfter;
        limits.Http2.KeepAlivePingTimeout = connections.PingTimeout;
    }

    // Not the endpoints, and not the number of connections: those are counted where they are accepted.
    private static KestrelServerOptions Copy(KestrelServerOptions from)
    {
        var to = new KestrelServerOptions
        {
            ApplicationServices = from.ApplicationServices,
            AddServerHeader = from.AddServerHeader,
            AllowAlternateSchemes = from.AllowAlternateSchemes,
            AllowHostHeaderOverride = from.AllowHostHeaderOverride,
            AllowResponseHeaderCompression = from.AllowResponseHeaderCompression,
            AllowSynchronousIO = from.AllowSynchronousIO,
            DisableStringReuse = from.DisableStringReuse,
            RequestHeaderEncodingSelector = from.RequestHeaderEncodingSelector,
            ResponseHeaderEncodingSelector = from.ResponseHeaderEncodingSelector,
        };
        var (limits, source) = (to.Limits, from.Limits);
        limits.KeepAliveTimeout = source.KeepAliveTimeout;
        limits.MaxConcurrentUpgradedConnections = source.MaxConcurrentUpgradedConnections;
        limits.MaxRequestBodySize = source.MaxRequestBodySize;
        limits.MaxRequestBufferSize = source.MaxRequestBufferSize;
        limits.MaxRequestHeaderCount = source.MaxRequestHeaderCount;
        limits.MaxRequestHeadersTotalSize = source.MaxRequestHeadersTotalSize;
        limits.MaxRequestLineSize = source.MaxRequestLineSize;
        limits.MaxResponseBufferSize = source.MaxResponseBufferSize;
        limits.MinRequestBodyDataRate = source.MinRequestBodyDataRate;
        limits.MinResponseDataRate = source.MinResponseDataRate;
        limits.RequestHeadersTimeout = source.RequestHeadersTimeout;
        limits.Http2.HeaderTableSize = source.Http2.HeaderTableSize;
        limits.Http2.InitialConnectionWindowSize = source.Http2.InitialConnectionWindowSize;
        limits.Http2.InitialStreamWindowSize = source.Http2.InitialStreamWindowSize;
        limits.Http2.KeepAlivePingDelay = source.Http2.KeepAlivePingDelay;
        limits.Http2.KeepAlivePingTimeout = source.Http2.KeepAlivePingTimeout;
        limits.Http2.MaxFrameSize = source.Http2.MaxFrameSize;
        limits.Http2.MaxRequestHeaderFieldSize = source.Http2.MaxRequestHeaderFieldSize;
        limits.Http2.MaxStreamsPerConnection = source.Http2.MaxStreamsPerConnection;
        return to;
    }
}

/// <summary>Makes a server like the host's, with options and transports of QUIC of its own.</summary>
internal delegate IServer ServerMaker(KestrelServerOptions options, IEnumerable<IMultiplexedConnectionListenerFactory> transports);
