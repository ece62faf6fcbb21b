using Granary.Rpc;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Granary.Gateway.Http;

/// <summary>
/// Refuses paths with the segments <c>.</c> and <c>..</c>, percent-encoded or not: a proxy in front that does not resolve them (RFC 3986, 5.2.4) would let pass what it means to hold back. Costs two vectorised looks at
/// the path, and no allocation.
/// </summary>
internal static class PlainPath
{
    /// <summary>Whether the path means what it says.</summary>
    public static bool Has(HttpContext context)
    {
        var path = (context.Features.Get<IHttpRequestFeature>()?.RawTarget).AsSpan();
        var query = path.IndexOf('?');
        if (query >= 0) path = path[..query];
        if (!path.Contains("/.", StringComparison.Ordinal) && !(path.Contains('%') && path.Contains("/%2e", StringComparison.OrdinalIgnoreCase))) return true;
        foreach (var segment in path.Split('/'))
        {
            if (IsDots(path[segment])) return false;
        }

        return true;
    }

    /// <summary>Answers 400.</summary>
    public static Task RefuseAsync(HttpContext context) => HttpProblem.WriteAsync(context, new RpcException(
        StatusCode.InvalidArgument, "the path has a segment '.' or '..'; a key of dots can be written in the body of JSON-RPC, gRPC and Connect"));

    private static bool IsDots(ReadOnlySpan<char> segment)
    {
        var dots = 0;
        while (!segment.IsEmpty)
        {
            if (segment[0] == '.') segment = segment[1..];
            else if (segment.StartsWith("%2e", StringComparison.OrdinalIgnoreCase)) segment = segment[3..];
            else return false;
            dots++;
        }

        return dots is 1 or 2;
    }
}
