using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Granary.Gateway.WebSockets;

/// <summary>How a request becomes a WebSocket: by <c>Upgrade</c> on HTTP/1.1 (RFC 6455, section 4.2), by an extended <c>CONNECT</c> on HTTP/2 (RFC 8441).</summary>
internal static class WebSocketHandshake
{
    private const string Version = "13";

    /// <summary>Whether the request asks for a WebSocket.</summary>
    public static bool IsAsked(HttpContext context) =>
        context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true, Protocol: "websocket" }
        || (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } && HttpMethods.IsGet(context.Request.Method) && Lists(context.Request.Headers.Upgrade, "websocket"));

    /// <summary>What is wrong with the request's half of the handshake; null when nothing is.</summary>
    public static string? Problem(HttpContext context)
    {
        var headers = context.Request.Headers;
        if (headers.SecWebSocketVersion.ToString() != Version) return "the WebSocket version is 13: send Sec-WebSocket-Version: 13";
        if (IsExtendedConnect(context)) return null;
        Span<byte> key = stackalloc byte[18];
        return Convert.TryFromBase64String(headers.SecWebSocketKey.ToString(), key, out var length) && length == 16 ? null : "Sec-WebSocket-Key is not 16 bytes in base64";
    }

    /// <summary>Completes the handshake. From now on both directions are the WebSocket's, and the server's own rules about slow bodies no longer hold.</summary>
    public static async ValueTask<Stream> AcceptAsync(HttpContext context, string? subprotocol)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } sending) sending.MinDataRate = null;
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } taking) taking.MinDataRate = null;
        var headers = context.Response.Headers;
        if (subprotocol is not null) headers.SecWebSocketProtocol = subprotocol;
        if (IsExtendedConnect(context)) return await context.Features.GetRequiredFeature<IHttpExtendedConnectFeature>().AcceptAsync();
        headers.Upgrade = "websocket";
        headers.Connection = "Upgrade";
        headers.SecWebSocketAccept = Accept(context.Request.Headers.SecWebSocketKey.ToString());
        return await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
    }

    private static bool IsExtendedConnect(HttpContext context) => context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true };

    private static bool Lists(string? header, string word) =>
        header is not null && header.Split(',', StringSplitOptions.TrimEntries).Contains(word, StringComparer.OrdinalIgnoreCase);

    [SuppressMessage("Security", "CA5350:Do Not Use Weak Cryptographic Algorithms", Justification = "RFC 6455 names it; it keeps nothing secret.")]
    private static string Accept(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
}
