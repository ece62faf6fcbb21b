using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using Granary.Gateway.Tls;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Granary.Gateway.Listening;

/// <summary>
/// HTTP/3 (RFC 9114): where the platform has QUIC, each <c>https</c> address is served on the UDP port of the same number too, and answers by TLS say so (Alt-Svc, RFC 7838). Where it has none, nothing changes.
/// It has a server of its own, because Kestrel serves it on no endpoint whose handshakes are ours (<see cref="EdgeTls"/>) over TCP.
/// </summary>
internal sealed class Http3(EdgeTls tls, IOptions<GatewayOptions> options, [FromKeyedServices(typeof(Http3))] IEnumerable<IMultiplexedConnectionListenerFactory> transports, ILogger<Http3> log)
{
    private volatile FrozenDictionary<int, StringValues> _told = FrozenDictionary<int, StringValues>.Empty;

    /// <summary>QUIC, where the platform has it.</summary>
    public IEnumerable<IMultiplexedConnectionListenerFactory> Transports => transports;

    /// <summary>Whether it can be served, with a certificate of the options.</summary>
    public bool IsOffered => Transports.Any() && options.Value.Tls.Http3 && tls.Current is not null;

    /// <summary>Gives the server the <c>https</c> ones of the addresses that are served already. False when there are none.</summary>
    public bool Listen(KestrelServerOptions server, IEnumerable<string> addresses)
    {
        var secure = Secure(addresses);
        foreach (var address in secure)
        {
            if (address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)) server.ListenLocalhost(address.Port, Serve);
            else if (IPAddress.TryParse(address.Host.AsSpan().Trim("[]"), out var ip)) server.Listen(ip, address.Port, Serve);
            else server.ListenAnyIP(address.Port, Serve);
        }

        return secure.Length > 0;
    }

    /// <summary>It is served: answers at these addresses say so from now on.</summary>
    public void Tell(IEnumerable<string> addresses)
    {
        _told = Secure(addresses).Select(a => a.Port).Distinct().ToFrozenDictionary(port => port, port => new StringValues(string.Create(CultureInfo.InvariantCulture, $"h3=\":{port}\"")));
        foreach (var port in _told.Keys) ListeningLog.Http3(log, port);
    }

    /// <summary>It cannot be served, which no caller depends on.</summary>
    public void Fail(Exception error) => ListeningLog.NoHttp3(log, error.Message);

    /// <summary>
    /// Sends what an answer has been given: over HTTP/3 Kestrel 10 takes the end of an answer without trailers for an error of its own when what was written last was not flushed, which HTTP/1.1 and HTTP/2 allow.
    /// </summary>
    public static RequestDelegate Answer(RequestDelegate next) => context => HttpProtocol.IsHttp3(context.Request.Protocol) ? AnswerAsync(next, context) : next(context);

    private static async Task AnswerAsync(RequestDelegate next, HttpContext context)
    {
        await next(context);
        await context.Response.BodyWriter.FlushAsync();
    }

    /// <summary>What an answer by TLS says of it (Alt-Svc); empty for nothing.</summary>
    public StringValues AltSvc(HttpContext context) => _told.Count > 0 && !HttpProtocol.IsHttp3(context.Request.Protocol) ? _told.GetValueOrDefault(context.Connection.LocalPort) : default;

    private static BindingAddress[] Secure(IEnumerable<string> addresses) => [.. addresses.Select(BindingAddress.Parse).Where(a => a.Scheme == Uri.UriSchemeHttps && !a.IsUnixPipe && !a.IsNamedPipe)];

    private void Serve(ListenOptions endpoint)
    {
        endpoint.Protocols = HttpProtocols.Http3;
        endpoint.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = context => ValueTask.FromResult(tls.OverQuic(context.Connection.RemoteEndPoint)),
            HandshakeTimeout = options.Value.Tls.HandshakeTimeout,
        });
    }
}

internal static partial class ListeningLog
{
    [LoggerMessage(121, LogLevel.Information, "HTTP/3 is served on the UDP port {Port}.")]
    public static partial void Http3(ILogger log, int port);

    [LoggerMessage(122, LogLevel.Warning, "HTTP/3 is not served: {Reason} Callers use HTTP/1.1 and HTTP/2. Granary:Tls:Http3=false says that this is meant.")]
    public static partial void NoHttp3(ILogger log, string reason);
}
