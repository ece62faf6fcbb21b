using Granary.Gateway.Blocking;
using Granary.Gateway.Connect;
using Granary.Gateway.Contracts;
using Granary.Gateway.Cors;
using Granary.Gateway.Grpc;
using Granary.Gateway.Headers;
using Granary.Gateway.JsonRpc;
using Granary.Gateway.Listening;
using Granary.Gateway.Tls;
using Granary.Gateway.WebSockets;
using Granary.Rpc;
using Granary.Rpc.Catalog;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Granary.Gateway;

/// <summary>Puts the gateway into a host's request pipeline.</summary>
public static class GatewayPipeline
{
    /// <summary>The tag of the health checks that <c>/readyz</c> asks. <c>/healthz</c> asks none: it tells that the process answers.</summary>
    public const string ReadyTag = "ready";

    /// <summary>
    /// Serves the RPC addresses, then routing, authentication, authorization and rate limits (<see cref="Admission.RateLimitPolicyAttribute"/>) for the host's own endpoints, all with
    /// problem documents for errors. Call it first, and none of those again.
    /// </summary>
    /// <exception cref="InvalidOperationException">Contracts and configuration do not fit each other; the message says what to change.</exception>
    public static IApplicationBuilder UseGranaryGateway(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);

        // Built now, and not with the first request, so that what does not fit stops the start.
        app.ApplicationServices.GetRequiredService<HttpRouteTable>();
        app.ApplicationServices.GetRequiredService<JsonRpcMethods>();
        app.ApplicationServices.GetRequiredService<RpcPipeline>();
        app.ApplicationServices.GetRequiredService<LiveCallers>();
        if (app.ApplicationServices.GetRequiredService<Http3>().Transports.Any()) app.Use(Http3.Answer);
        app.UseProxies();
        app.UseEdge();
        app.UseMiddleware<BlockingMiddleware>();
        app.UseCors(app.ApplicationServices.GetRequiredService<IOptions<GatewayOptions>>().Value.Cors);
        app.UseMiddleware<GrpcAdapter>();
        app.UseMiddleware<HttpAdapter>();
        app.UseMiddleware<JsonRpcAdapter>();
        app.UseMiddleware<WebSocketAdapter>();
        app.UseMiddleware<ConnectAdapter>();

        // Calls have been answered by now: what follows is for controllers and the like, and may cost what it costs.
        app.UseExceptionHandler(new ExceptionHandlerOptions { ExceptionHandler = AnswerExceptionAsync });
        app.UseStatusCodePages(AnswerStatusAsync);
        app.UseSwagger();
        app.UseRouting();

        // An address that leads nowhere is 404 for everybody, and no matter of authorization.
        app.Use(next => context =>
        {
            if (context.GetEndpoint() is not null) return next(context);
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
        app.UseAuthentication();
        app.UseAuthorization();
        return app;
    }

    /// <summary>Maps <c>/openapi.json</c>, <c>/proto</c>, <c>/docs</c>, <c>/healthz</c> and <c>/readyz</c>.</summary>
    public static IEndpointRouteBuilder MapGranary(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        endpoints.MapHealthChecks("/healthz", new HealthCheckOptions { Predicate = _ => false }).AllowAnonymous();
        endpoints.MapHealthChecks("/readyz", new HealthCheckOptions { Predicate = check => check.Tags.Contains(ReadyTag) }).AllowAnonymous();
        if (endpoints.ServiceProvider.GetRequiredService<IOptions<GatewayOptions>>().Value.OpenApi.Enabled)
        {
            var document = endpoints.ServiceProvider.GetRequiredService<OpenApiDocument>();
            endpoints.MapGet("/openapi.json", context => document.WriteAsync(context)).AllowAnonymous();
            new ProtoEndpoints(endpoints.ServiceProvider.GetRequiredService<ProtoFiles>(), endpoints.ServiceProvider.GetRequiredService<RpcCatalog>()).Map(endpoints);
        }

        return endpoints;
    }

    private static void UseEdge(this IApplicationBuilder app)
    {
        var services = app.ApplicationServices;
        if (services.GetRequiredService<IOptions<GatewayOptions>>().Value.SecurityHeaders)
        {
            var headers = services.GetRequiredService<SecurityHeaders>();
            app.Use(next => context =>
            {
                headers.Set(context);
                return next(context);
            });
        }

        app.Use(next => context => PlainPath.Has(context) ? next(context) : PlainPath.RefuseAsync(context));
        if (services.GetRequiredService<HttpsOnly>() is { IsNeeded: true } https) app.Use(next => context => https.InvokeAsync(context, next));
    }

    // First of all: whoever asks for the caller's address afterwards gets the one that counts.
    private static void UseProxies(this IApplicationBuilder app)
    {
        var options = app.ApplicationServices.GetRequiredService<IOptions<GatewayOptions>>().Value.Proxies;
        if (options.Networks.Count == 0) return;
        var forwarded = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto, ForwardLimit = options.Hops };

        // Those that are there by default would trust every program of this machine.
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();
        foreach (var network in options.Networks)
        {
            if (BlockRules.TryReadNetwork(network, out var address, out var length)) forwarded.KnownIPNetworks.Add(new System.Net.IPNetwork(address, length));
        }

        app.UseForwardedHeaders(forwarded);
    }

    private static IApplicationBuilder UseSwagger(this IApplicationBuilder app)
    {
        var options = app.ApplicationServices.GetRequiredService<IOptions<GatewayOptions>>().Value.OpenApi;
        if (!options.Enabled) return app;

        // The page works without internet, and holds a token: whatever its scripts might try, the browser lets them speak with this host only.
        app.UseWhen(context => context.Request.Path.StartsWithSegments("/docs", StringComparison.OrdinalIgnoreCase), page => page.Use((context, next) =>
        {
            var headers = context.Response.Headers;
            headers.ContentSecurityPolicy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'";
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "no-referrer";
            headers.CacheControl = "no-cache";
            return next(context);
        }));
        return app.UseSwaggerUI(page =>
        {
            page.RoutePrefix = "docs";
            page.DocumentTitle = options.Title;
            page.SwaggerEndpoint("/openapi.json", options.Title);
            page.EnableTryItOutByDefault();
            page.EnablePersistAuthorization();
            page.DisplayRequestDuration();

            // Its badge asks a server on the internet.
            page.ConfigObject.AdditionalItems["validatorUrl"] = null!;
        });
    }

    // ASP.NET Core has logged it, and taken the headers away; the caller learns the trace's id.
    private static Task AnswerExceptionAsync(HttpContext context)
    {
        if (context.RequestServices.GetRequiredService<IOptions<GatewayOptions>>().Value.SecurityHeaders) context.RequestServices.GetRequiredService<SecurityHeaders>().Set(context);
        return AnswerAsync(context);
    }

    private static Task AnswerAsync(HttpContext context) => context.Features.Get<IExceptionHandlerFeature>()?.Error is BadHttpRequestException bad
        ? HttpProblem.WriteAsync(context, new RpcException(StatusCode.InvalidArgument, bad.Message), bad.StatusCode)
        : HttpProblem.WriteAsync(context, new RpcException(StatusCode.Internal, "internal error"));

    private static Task AnswerStatusAsync(StatusCodeContext page)
    {
        var status = page.HttpContext.Response.StatusCode;
        var (code, problem) = status switch
        {
            404 => (StatusCode.NotFound, $"there is nothing at {page.HttpContext.Request.Path}; /openapi.json has the calls there are"),
            405 => (StatusCode.Unimplemented, $"{page.HttpContext.Request.Method} does not work here"),
            415 => (StatusCode.InvalidArgument, "the body's Content-Type is not accepted here"),
            _ => (status < 500 ? StatusCode.InvalidArgument : StatusCode.Internal, status < 500 ? "the request is not accepted" : "internal error"),
        };
        return HttpProblem.WriteAsync(page.HttpContext, new RpcException(code, problem), status);
    }
}
