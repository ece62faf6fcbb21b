using System.Net;
using Granary.Rpc;

namespace Granary.Gateway.WebSockets;

/// <summary>A connection that was admitted: whose it is, and until when. Its owner reads; disposing it ends it.</summary>
internal sealed class WebSocketSession(WebSocketConnection connection, string? credential, ConnectionCount count, string caller) : IAsyncDisposable
{
    // Timers count no further than some weeks.
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(1);

    private ITimer? _expiry;
    private IDisposable? _following;

    public WebSocketConnection Connection { get; } = connection;

    /// <summary>What an <c>Authorization</c> header would hold; null without a token. Each call is authenticated by it, so that a revoked key counts at once.</summary>
    public string? Credential { get; } = credential;

    /// <summary>Ends the connection when its token has expired.</summary>
    public void EndAt(DateTimeOffset expires, TimeSpan skew, TimeProvider time)
    {
        if (expires == DateTimeOffset.MaxValue) return;
        using (ExecutionContext.SuppressFlow()) _expiry = time.CreateTimer(_ => Look(), null, Left(), Timeout.InfiniteTimeSpan);

        TimeSpan Left() => TimeSpan.FromTicks(Math.Clamp((expires + skew - time.GetUtcNow()).Ticks, 0, s_longest.Ticks));

        void Look()
        {
            var left = Left();
            if (left > TimeSpan.Zero) _expiry?.Change(left, Timeout.InfiniteTimeSpan);
            else _ = Connection.CloseAsync(CloseCode.Of(StatusCode.Unauthenticated), "the token has expired").AsTask();
        }
    }

    /// <summary>Ends the connection when its caller is revoked or blocked.</summary>
    public void EndWith(LiveCallers live, CallerIdentity caller, IPAddress? address) =>
        _following = live.Add(caller, address, error => _ = Connection.CloseAsync(CloseCode.Of(error.Code), error.Message).AsTask());

    /// <summary>Closes, and waits a moment for the peer to answer. Nobody else may be reading.</summary>
    public async ValueTask CloseAsync(int code, string reason)
    {
        await Connection.CloseAsync(code, reason);
        while (await Connection.ReadAsync())
        {
        }
    }

    public async ValueTask DisposeAsync()
    {
        _following?.Dispose();
        if (_expiry is not null) await _expiry.DisposeAsync();
        await Connection.DisposeAsync();
        count.Remove(caller);
    }
}
