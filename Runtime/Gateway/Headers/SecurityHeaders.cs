using System.Globalization;
using Granary.Gateway.Listening;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Granary.Gateway.Headers;

/// <summary>
/// The headers that tell browsers to be careful with an answer (OWASP's list for APIs): on everything but gRPC, whose callers are programs. Set before anything else runs, so that an endpoint which knows better
/// may say otherwise. Costs no allocation.
/// </summary>
internal sealed class SecurityHeaders(IOptions<GatewayOptions> options, Http3 http3)
{
    private static readonly StringValues s_noSniff = "nosniff";
    private static readonly StringValues s_noReferrer = "no-referrer";
    private static readonly StringValues s_noStore = "no-store";

    // What is no page loads nothing and is shown in no frame.
    private static readonly StringValues s_nothing = "default-src 'none'; frame-ancestors 'none'";

    private readonly StringValues _hsts = options.Value.Tls.Hsts > TimeSpan.Zero ? $"max-age={((long)options.Value.Tls.Hsts.TotalSeconds).ToString(CultureInfo.InvariantCulture)}" : StringValues.Empty;

    /// <summary>Sets them.</summary>
    public void Set(HttpContext context)
    {
        if (context.Request.ContentType is { } type && type.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase)) return;
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = s_noSniff;
        headers["Referrer-Policy"] = s_noReferrer;
        headers.ContentSecurityPolicy = s_nothing;
        headers.CacheControl = s_noStore;

        if (!context.Request.IsHttps) return;

        // Of no use to a browser that looks at its own machine, and a nuisance for the next program there.
        if (_hsts.Count > 0 && !IsLocal(context.Request.Host.Host)) headers.StrictTransportSecurity = _hsts;
        if (http3.AltSvc(context) is { Count: > 0 } altSvc) headers.AltSvc = altSvc;
    }

    private static bool IsLocal(string host) => host is "localhost" or "127.0.0.1" or "[::1]";
}
