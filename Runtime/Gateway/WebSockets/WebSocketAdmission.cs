using System.Diagnostics.Metrics;
using Granary.Rpc;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.WebSockets;

/// <summary>Decides whether a request becomes a WebSocket, and whose it is. Thread-safe.</summary>
internal sealed class WebSocketAdmission
{
    private readonly CallerAuthenticator _callers;
    private readonly LiveCallers _live;
    private readonly GatewayOptions _options;
    private readonly TimeProvider _time;
    private readonly Origins _origins;
    private readonly ConnectionCount _count;

    public WebSocketAdmission(CallerAuthenticator callers, LiveCallers live, IOptions<GatewayOptions> options, TimeProvider time, IMeterFactory meters)
    {
        _callers = callers;
        _live = live;
        _options = options.Value;
        _time = time;
        _origins = new Origins(_options.Cors.Origins);
        var count = new ConnectionCount(_options.WebSockets.MaxConnections, _options.WebSockets.MaxConnectionsPerCaller);
        _count = count;
        meters.Create(GatewayTelemetry.MeterName).CreateObservableUpDownCounter("granary.websocket.connections", () => count.All, "{connection}", "WebSocket connections that are open.");
    }

    /// <summary>The connection, which its owner disposes; null when it was refused, and the request is answered.</summary>
    public async ValueTask<WebSocketSession?> AdmitAsync(HttpContext context)
    {
        if (WebSocketHandshake.Problem(context) is { } problem)
        {
            context.Response.Headers.SecWebSocketVersion = "13";
            return await RefuseAsync(context, new RpcException(StatusCode.InvalidArgument, problem));
        }

        // 1. Which page.
        if (!_origins.Allow(context.Request))
        {
            return await RefuseAsync(context, new RpcException(
                StatusCode.PermissionDenied, $"pages of '{context.Request.Headers.Origin}' may not connect; whoever runs this host can allow them in Granary:Cors:Origins"));
        }

        // 2. Whose token. One that does not hold is refused here and now, but for browsers: they show their pages nothing of a refusal, so that they are told by the close code.
        var offers = Subprotocols.Read(context.Request);
        if (offers.Problem is not null) return await RefuseAsync(context, new RpcException(StatusCode.InvalidArgument, offers.Problem));
        var credential = offers.Token is null ? context.Request.Headers.Authorization.ToString() : "Bearer " + offers.Token;
        var (found, error) = offers.Token is null ? await _callers.AuthenticateAsync(context) : await _callers.AuthenticateAsync(credential, null, null, context.Connection.RemoteIpAddress, context.RequestAborted);
        if (error is not null && offers.Token is null) return await RefuseAsync(context, error);
        var caller = found ?? CallerIdentity.Anonymous;

        // 3. How many.
        var name = caller.IsAuthenticated ? caller.Subject : RateLimiter.NameOf(context.Connection.RemoteIpAddress);
        if (_count.Add(name) is { } full) return await RefuseAsync(context, new RpcException(StatusCode.ResourceExhausted, full) { RetryAfter = TimeSpan.FromSeconds(5) });
        try
        {
            var stream = await WebSocketHandshake.AcceptAsync(context, offers.Selected);
            var session = new WebSocketSession(new WebSocketConnection(context, stream, _options, _time), credential.Length == 0 ? null : credential, _count, name);
            if (error is null)
            {
                session.EndAt(caller.Expires, _options.Authentication.ClockSkew, _time);
                session.EndWith(_live, caller, context.Connection.RemoteIpAddress);
                return session;
            }

            await using (session)
            {
                await session.CloseAsync(CloseCode.Of(error.Code), error.Message);
            }

            return null;
        }
        catch (Exception broken) when (broken is IOException or OperationCanceledException)
        {
            _count.Remove(name);
            return null;
        }
    }

    private static async ValueTask<WebSocketSession?> RefuseAsync(HttpContext context, RpcException error)
    {
        await HttpProblem.WriteAsync(context, error);
        return null;
    }
}
