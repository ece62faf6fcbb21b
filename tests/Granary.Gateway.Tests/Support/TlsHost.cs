using System.Net;
using Granary.Gateway.Tls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Granary.Gateway.Tests.Support;

/// <summary>A gateway with a certificate of the authority and a clock that the test moves on; <c>/who</c> tells whose certificate a caller showed.</summary>
internal static class TlsHost
{
    public static Task<GatewayHost> StartAsync(
        TestAuthority authority, Action<EdgeTlsOptions>? configure = null, Action<KestrelServerOptions>? listen = null, TestClock? clock = null, TimeSpan? validFor = null,
        IMultiplexedConnectionListenerFactory? quic = null, string? expect = null) => GatewayHost.StartAsync(
        options =>
        {
            authority.Serve(options.Tls, validFor: validFor);
            configure?.Invoke(options.Tls);
        },
        services =>
        {
            clock ??= new TestClock();
            services.AddSingleton(clock);
            services.Replace(ServiceDescriptor.Singleton<TimeProvider>(clock));
        },
        app => app.MapGet("/who", (HttpContext context) => context.Connection.ClientCertificate?.Subject ?? "nobody").AllowAnonymous(),
        listen: listen ?? (kestrel => kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.UseHttps())),
        quic: quic,
        expect: expect);
}
