using Granary.Gateway.Listening;
using Granary.Gateway.Tls;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Granary.Gateway;

/// <summary>Makes a host serve every protocol on each of its ports.</summary>
public static class OnePort
{
    /// <summary>
    /// Lets Kestrel serve HTTP/2 without TLS (prior knowledge, RFC 9113, 3.3) on the same ports as HTTP/1.1, serves HTTP/3 on those with TLS where the platform has it, and
    /// applies <see cref="ConnectionOptions"/>. Call it after Kestrel was added,
    /// beside <c>AddGranaryGateway</c>. It takes Kestrel's endpoint and HTTPS defaults (<c>ConfigureEndpointDefaults</c>, <c>ConfigureHttpsDefaults</c>) for itself: TLS is that of <see cref="EdgeTlsOptions"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no server in the services.</exception>
    public static IWebHostBuilder UseOnePort(this IWebHostBuilder host) => host.UseQuic().ConfigureServices(services =>
    {
        // A line ends with CR LF: what a proxy in front reads as one line is not to be two here (RFC 9112, 2.2 allows either). Read once in a process.
        AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", true);
        var kestrel = services.LastOrDefault(s => s.ServiceType == typeof(IServer) && !s.IsKeyedService)
            ?? throw new InvalidOperationException("UseOnePort needs a server: call UseKestrel or UseKestrelCore before it.");
        services.Remove(kestrel);
        services.AddKeyedSingleton(typeof(IServer), typeof(OnePortServer), (all, _) => Make(kestrel, all));

        // Not for the server that listens: it would serve HTTP/3 by itself, without the handshakes of EdgeTls.
        foreach (var quic in services.Where(s => s.ServiceType == typeof(IMultiplexedConnectionListenerFactory) && !s.IsKeyedService).ToArray())
        {
            services.Remove(quic);
            services.AddKeyedSingleton(typeof(IMultiplexedConnectionListenerFactory), typeof(Http3), (all, _) => Make(quic, all));
        }

        services.AddSingleton<PriorKnowledgeEndpoint>();
        services.AddSingleton<ProtocolSorter>();
        services.AddSingleton<IServer>(all => new OnePortServer(
            all.GetRequiredKeyedService<IServer>(typeof(OnePortServer)),
            all.GetRequiredService<PriorKnowledgeEndpoint>(),
            all.GetRequiredService<Http3>(),
            kestrel.ImplementationType is { } type ? (own, transports) => (IServer)ActivatorUtilities.CreateInstance(all, type, Options.Create(own), transports) : null,
            all.GetRequiredService<IOptions<KestrelServerOptions>>(),
            all.GetRequiredService<IOptions<GatewayOptions>>(),
            all.GetRequiredService<ILoggerFactory>()));
        services.AddOptions<KestrelServerOptions>().Configure<ProtocolSorter, EdgeTls>(static (options, sorter, tls) =>
        {
            // What program answers is nobody's business.
            options.AddServerHeader = false;
            options.ConfigureEndpointDefaults(sorter.Sort);
            options.ConfigureHttpsDefaults(tls.Configure);
        });
    });

    private static object Make(ServiceDescriptor service, IServiceProvider all) =>
        service.ImplementationInstance ?? service.ImplementationFactory?.Invoke(all) ?? ActivatorUtilities.CreateInstance(all, service.ImplementationType!);
}
