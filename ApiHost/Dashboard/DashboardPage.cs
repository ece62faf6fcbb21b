using System.Collections.Frozen;
using Granary.Gateway.Http;
using Granary.Rpc;
using Microsoft.Net.Http.Headers;

namespace Granary.ApiHost.Dashboard;

/// <summary>
/// Serves the dashboard's page at <c>/dashboard</c>: a few files that were bundled when ApiHost was built. They are open to anyone and show nothing by themselves; what the page shows it reads from
/// <c>/dashboard/feed</c> with a token.
/// </summary>
internal static class DashboardPage
{
    private const string Start = "index.html";

    // The page holds a token: its scripts and styles are those of this host, they speak with this host only, and nothing that is text can become a script.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

    private static readonly string[] s_verbs = [HttpMethods.Get, HttpMethods.Head];
    private static readonly Lazy<FrozenDictionary<string, PageFile>> s_files = new(PageFile.ReadAll);

    /// <summary>Whether this build has the page: it is left out with <c>-p:Dashboard=false</c>.</summary>
    internal static bool IsBuilt => PageFile.IsThere(Start);

    internal static void MapDashboardPage(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapMethods("/dashboard", s_verbs, context => SendAsync(context, Start)).AllowAnonymous();
        endpoints.MapMethods("/dashboard/{file}", s_verbs, context => SendAsync(context, (string)context.GetRouteValue("file")!)).AllowAnonymous();
    }

    private static Task SendAsync(HttpContext context, string name)
    {
        if (!IsBuilt)
            return HttpProblem.WriteAsync(context, new RpcException(StatusCode.NotFound, "this build of ApiHost has no dashboard page: it was built with -p:Dashboard=false; build it without that, where node and npm are installed"));
        if (name == Start && context.Request.Path.Value!.EndsWith('/'))
        {
            // The page's links are relative, so that a proxy may serve it under a path of its own.
            context.Response.Redirect("../dashboard", permanent: true);
            return Task.CompletedTask;
        }

        return s_files.Value.TryGetValue(name, out var file)
            ? SendAsync(context, file)
            : HttpProblem.WriteAsync(context, new RpcException(StatusCode.NotFound, $"there is nothing at {context.Request.Path}; the dashboard is at /dashboard"));
    }

    private static async Task SendAsync(HttpContext context, PageFile file)
    {
        var variant = file.For(context.Request.GetTypedHeaders().AcceptEncoding);
        var headers = context.Response.GetTypedHeaders();
        headers.ETag = variant.ETag;
        headers.CacheControl = new CacheControlHeaderValue { NoCache = true };
        context.Response.Headers.Vary = HeaderNames.AcceptEncoding;
        context.Response.Headers.ContentSecurityPolicy = Policy;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        context.Response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
        if (context.Request.GetTypedHeaders().IfNoneMatch.Any(t => t.Compare(variant.ETag, useStrongComparison: false) || t.Equals(EntityTagHeaderValue.Any)))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        context.Response.ContentType = file.ContentType;
        context.Response.ContentLength = variant.Content.Length;
        if (variant.Encoding is not null) context.Response.Headers.ContentEncoding = variant.Encoding;
        if (HttpMethods.IsGet(context.Request.Method)) await context.Response.Body.WriteAsync(variant.Content, context.RequestAborted);
    }
}
