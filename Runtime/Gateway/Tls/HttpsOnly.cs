using Granary.Rpc;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Tls;

/// <summary>
/// What the configuration wants of every request's connection: TLS (<see cref="EdgeTlsOptions.RedirectHttp"/>), and no certificate that has been revoked since the handshake.
/// </summary>
internal sealed class HttpsOnly(EdgeTls tls, IOptions<GatewayOptions> options, IServer server, ILogger<EdgeTls> log)
{
    private const int HttpsPort = 443;

    private readonly Lazy<int?> _port = new(() => options.Value.Tls.RedirectPort
        ?? server.Features.Get<IServerAddressesFeature>()?.Addresses.Where(a => a.StartsWith("https:", StringComparison.OrdinalIgnoreCase)).Select(a => (int?)BindingAddress.Parse(a).Port).FirstOrDefault());

    /// <summary>Whether there is anything to look at.</summary>
    public bool IsNeeded => options.Value.Tls.RedirectHttp || options.Value.Tls.ClientCertificates != ClientCertificates.None;

    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (!context.Request.IsHttps) return options.Value.Tls.RedirectHttp && !IsProbe(context.Request.Path) ? RefuseAsync(context) : next(context);
        if (tls.Current is not { Revoked: { Count: > 0 } lists } || context.Connection.ClientCertificate is not { } certificate || !lists.Any(list => list.Revokes(certificate))) return next(context);
        TlsLog.Revoked(log, context.Connection.RemoteIpAddress, certificate.Subject);
        context.Features.Get<IConnectionLifetimeFeature>()?.Abort();
        context.Abort();
        return Task.CompletedTask;
    }

    // Orchestrators ask without TLS.
    private static bool IsProbe(PathString path) => path.Value is "/healthz" or "/readyz" or "/startupz";

    private Task RefuseAsync(HttpContext context)
    {
        var request = context.Request;

        // A body, and a token, have been sent in clear already: a redirect would hide the mistake.
        if (_port.Value is not { } port || !(HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)))
            return HttpProblem.WriteAsync(context, new RpcException(StatusCode.PermissionDenied, "this host is called over https"));
        context.Response.StatusCode = StatusCodes.Status308PermanentRedirect;
        var host = port == HttpsPort ? new HostString(request.Host.Host) : new HostString(request.Host.Host, port);
        context.Response.Headers.Location = $"https://{host.ToUriComponent()}{request.PathBase.ToUriComponent()}{request.Path.ToUriComponent()}{request.QueryString.ToUriComponent()}";
        return Task.CompletedTask;
    }
}
