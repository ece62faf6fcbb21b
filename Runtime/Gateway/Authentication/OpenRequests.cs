using Granary.Rpc;
using Microsoft.AspNetCore.Http;

namespace Granary.Gateway.Authentication;

/// <summary>Ends long requests of the host's own endpoints when their caller may no longer be there: the credential expires or is revoked, or the caller or the address is blocked. Thread-safe.</summary>
public sealed class OpenRequests
{
    private readonly CallerAuthenticator _authenticator;
    private readonly LiveCallers _callers;
    private readonly TimeProvider _time;

    internal OpenRequests(CallerAuthenticator authenticator, LiveCallers callers, TimeProvider time) => (_authenticator, _callers, _time) = (authenticator, callers, time);

    /// <summary>A token that is cancelled when the caller of this request must go, or has gone. Dispose the result when the request ends.</summary>
    /// <exception cref="RpcException">The caller may not be there now.</exception>
    public async Task<OpenRequest> HoldAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var (caller, error) = await _authenticator.AuthenticateAsync(context);
        if (caller is null) throw error!;
        return new OpenRequest(caller, _callers, context, _time);
    }
}

/// <summary>A request that <see cref="OpenRequests"/> holds.</summary>
public sealed class OpenRequest : IDisposable
{
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(1);

    private readonly CancellationTokenSource _over;
    private readonly CancellationTokenSource _expired;
    private readonly IDisposable _watch;

    internal OpenRequest(CallerIdentity caller, LiveCallers callers, HttpContext context, TimeProvider time)
    {
        Caller = caller;
        var left = caller.Expires - time.GetUtcNow();
        _expired = new CancellationTokenSource(left <= TimeSpan.Zero ? TimeSpan.Zero : left < s_longest ? left : s_longest, time);
        _over = CancellationTokenSource.CreateLinkedTokenSource(_expired.Token, context.RequestAborted);
        _watch = callers.Add(caller, context.Connection.RemoteIpAddress, _ => _over.CancelAsync());
    }

    /// <summary>Who asks.</summary>
    public CallerIdentity Caller { get; }

    /// <summary>Cancelled when the request must end; after a day at the latest.</summary>
    public CancellationToken Over => _over.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        _watch.Dispose();
        _over.Dispose();
        _expired.Dispose();
    }
}
