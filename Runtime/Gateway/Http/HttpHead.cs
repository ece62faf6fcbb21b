using System.Diagnostics;
using Granary.Rpc;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Granary.Gateway.Http;

/// <summary>What the heads of requests and responses have in common, whatever protocol of ours HTTP carries.</summary>
internal static class HttpHead
{
    /// <summary>The path as it was sent: once decoded, a slash within a key cannot be told from one between segments.</summary>
    public static ReadOnlySpan<char> PathOf(HttpContext context)
    {
        var raw = context.Request.PathBase.HasValue ? "" : context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        if (!raw.StartsWith('/')) return context.Request.Path.Value;
        var query = raw.IndexOf('?', StringComparison.Ordinal);
        return query < 0 ? raw : raw.AsSpan(0, query);
    }

    /// <summary>The time that <c>Request-Timeout</c> allows; null without that header.</summary>
    /// <exception cref="RpcException">It is no time.</exception>
    public static TimeSpan? ReadTimeout(HttpContext context)
    {
        if (!context.Request.Headers.TryGetValue("Request-Timeout", out var values)) return null;
        var text = values.ToString();
        return TimeoutText.TryParse(text, out var time) ? time : throw RpcException.Invalid("Request-Timeout", $"'{text}' is no time; write {TimeoutText.Accepted}");
    }

    /// <summary>What every response says: the gateway's span of the trace, and that its type is not to be guessed.</summary>
    public static void Begin(HttpResponse response)
    {
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } trace }) response.Headers["traceparent"] = trace;
        response.Headers.XContentTypeOptions = "nosniff";
    }
}
