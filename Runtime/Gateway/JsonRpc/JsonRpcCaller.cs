using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace Granary.Gateway.JsonRpc;

/// <summary>Who sent a JSON-RPC message: a request by POST, or a WebSocket, whose calls share the request it began as.</summary>
/// <param name="Context">The request.</param>
/// <param name="Credential">What an <c>Authorization</c> header holds, or would; null without a token.</param>
/// <param name="Gone">Fires when nobody waits for answers any more.</param>
/// <param name="IsSocket">Whether it is a WebSocket.</param>
/// <param name="Span">The request's span.</param>
internal sealed record JsonRpcCaller(HttpContext Context, string? Credential, CancellationToken Gone, bool IsSocket, ActivityContext Span)
{
    public static JsonRpcCaller ByPost(HttpContext context)
    {
        var credential = context.Request.Headers.Authorization;
        return new JsonRpcCaller(context, credential.Count == 0 ? null : credential.ToString(), context.RequestAborted, IsSocket: false, default);
    }

    public static JsonRpcCaller BySocket(HttpContext context, WebSockets.WebSocketSession session) =>
        new(context, session.Credential, session.Connection.Ended, IsSocket: true, Activity.Current?.Context ?? default);

    public string? GetHeader(string name)
    {
        if (name == "authorization") return Credential;
        var value = Context.Request.Headers[name];
        return value.Count == 0 ? null : value.ToString();
    }
}
