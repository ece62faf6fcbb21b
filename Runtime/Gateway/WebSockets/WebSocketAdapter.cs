using Granary.Rpc;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.WebSockets;

/// <summary>Calls of every kind by WebSocket: <c>/ws/{service}/{key}/{Method}</c>, one call a connection.</summary>
internal sealed class WebSocketAdapter(
    RequestDelegate next,
    HttpRouteTable routes,
    RpcPipeline pipeline,
    WebSocketAdmission admission,
    IOptions<GatewayOptions> options,
    GatewayInstruments instruments,
    TimeProvider time,
    IHostApplicationLifetime lifetime)
{
    private readonly GatewayOptions _options = options.Value;

    public Task InvokeAsync(HttpContext context)
    {
        var version = context.Request.Headers["Api-Version"];

        // Every method has a route by POST, whatever the handshake's verb is.
        return routes.TryMatchStandard("/ws/", "POST", HttpHead.PathOf(context), version.Count == 0 ? null : version.ToString(), out var match) ? ServeAsync(context, match) : next(context);
    }

    private async Task ServeAsync(HttpContext context, RouteMatch match)
    {
        HttpHead.Begin(context.Response);
        if (match.Route is null)
        {
            await HttpProblem.WriteAsync(context, new RpcException(match.Status == 404 ? StatusCode.NotFound : StatusCode.InvalidArgument, match.Problem!), match.Status);
            return;
        }

        if (!WebSocketHandshake.IsAsked(context))
        {
            if (HttpProtocol.IsHttp11(context.Request.Protocol)) context.Response.Headers.Upgrade = "websocket";
            await HttpProblem.WriteAsync(context, new RpcException(StatusCode.InvalidArgument, "this address is for WebSockets; by HTTP it is below /rpc/"), 426);
            return;
        }

        await using var session = await admission.AdmitAsync(context);
        if (session is null) return;
        await new WebSocketCall(context, session, match, _options, instruments, time, lifetime.ApplicationStopping).ServeAsync(pipeline);
    }
}
