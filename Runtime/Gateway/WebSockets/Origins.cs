using Microsoft.AspNetCore.Http;

namespace Granary.Gateway.WebSockets;

/// <summary>
/// Which pages may connect: those that may call by HTTP. CORS does not guard WebSockets; browsers let any page open one to any host, and only tell the host which page it was (RFC 6455, section 10.2).
/// </summary>
internal sealed class Origins(IEnumerable<string> allowed)
{
    private readonly HashSet<string> _allowed = [.. allowed.Select(o => o.TrimEnd('/').ToLowerInvariant())];

    /// <summary>Whether the request's page may connect: one of this host, one that is configured; and whatever is no browser.</summary>
    public bool Allow(HttpRequest request)
    {
        var origin = request.Headers.Origin.ToString();
        if (origin.Length == 0 || _allowed.Contains("*") || _allowed.Contains(origin.ToLowerInvariant())) return true;

        // Not the scheme: what ends TLS before us makes an https page speak http with us.
        return Uri.TryCreate(origin, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" && string.Equals(address.Authority, Authority(request, address.Scheme), StringComparison.OrdinalIgnoreCase);
    }

    // As Uri writes it: without the port that goes without saying.
    private static string Authority(HttpRequest request, string scheme) =>
        Uri.TryCreate($"{scheme}://{request.Host.Value}", UriKind.Absolute, out var host) ? host.Authority : "";
}
