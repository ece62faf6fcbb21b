using Microsoft.AspNetCore.Http;

namespace Granary.Gateway.WebSockets;

/// <summary>
/// The subprotocols a client offers. <c>granary.v1</c> is ours; <c>granary.bearer.{token}</c> carries the token of a browser, which cannot send headers, and is never selected: the answer does not repeat the token.
/// </summary>
internal readonly record struct Subprotocols(string? Selected, string? Token, string? Problem)
{
    public const string Ours = "granary.v1";
    private const string Bearer = "granary.bearer.";

    public static Subprotocols Read(HttpRequest request)
    {
        string? selected = null, token = null;
        foreach (var line in request.Headers.SecWebSocketProtocol)
        {
            foreach (var offer in (line ?? "").Split(',', StringSplitOptions.TrimEntries))
            {
                if (offer.StartsWith(Bearer, StringComparison.Ordinal))
                {
                    if (token is not null) return new(null, null, "two tokens are offered as subprotocols");
                    token = offer[Bearer.Length..];
                }
                else if (offer == Ours)
                {
                    selected = Ours;
                }
            }
        }

        if (token is null) return new(selected, null, null);
        if (selected is null) return new(null, null, $"beside the subprotocol with the token, offer {Ours}: the token is not sent back, and something must be selected");
        return request.Headers.Authorization.Count > 0 ? new(null, null, "the token is in the Authorization header or in a subprotocol, not in both") : new(selected, token, null);
    }
}
