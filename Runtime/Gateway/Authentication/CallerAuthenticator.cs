using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Granary.Rpc;
using Microsoft.AspNetCore.Http;

namespace Granary.Gateway.Authentication;

/// <summary>
/// Who calls, by whatever proves it. An <c>Authorization</c> header comes first, then <c>x-api-key</c>, then the connection's certificate: the first that is there counts, and when it does not hold, nothing else
/// is tried. Thread-safe.
/// </summary>
internal sealed class CallerAuthenticator(TokenAuthenticator tokens, ApiKeys keys, CertificateCallers certificates, CallerGate gate, FailedAttempts failed, GatewayInstruments instruments, TimeProvider time)
{
    /// <summary>How long a call waits for lists that this host has not fetched yet, which is only so right after its start.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <summary>Whether connections' certificates make callers.</summary>
    public bool UsesCertificates => certificates.AreUsed;

    /// <summary>The caller of an <c>Authorization</c> header seen before who may still come in. No allocation.</summary>
    public bool TryGetKnown(string authorization, [NotNullWhen(true)] out CallerIdentity? caller) =>
        tokens.TryGetCached(authorization, out caller) && gate.Loaded.IsCompletedSuccessfully && gate.Refusal(caller) is null;

    /// <summary>The caller, anonymous without any credentials; or the error to answer with.</summary>
    /// <param name="authorization">The header, if any.</param>
    /// <param name="apiKey">The header <c>x-api-key</c>, if any.</param>
    /// <param name="certificate">The connection's certificate, if any.</param>
    /// <param name="address">Where they come from.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask<(CallerIdentity? Caller, RpcException? Error)> AuthenticateAsync(string? authorization, string? apiKey, X509Certificate2? certificate, IPAddress? address, CancellationToken cancellation)
    {
        CallerIdentity? caller;
        RpcException? error = null;
        if (!string.IsNullOrEmpty(authorization))
        {
            if (authorization.StartsWith(ApiKeyRules.Scheme, StringComparison.OrdinalIgnoreCase)) (caller, error) = await FindKeyAsync(authorization[ApiKeyRules.Scheme.Length..], cancellation);
            else if (tokens.TryGetCached(authorization, out caller)) error = null;
            else if (failed.Refusal(address) is { } tooMany) return Refuse(tooMany);
            else (caller, error) = await tokens.AuthenticateAsync(authorization, cancellation);
        }
        else if (!string.IsNullOrEmpty(apiKey))
        {
            (caller, error) = await FindKeyAsync(apiKey, cancellation);
        }
        else
        {
            caller = certificate is not null && certificates.AreUsed ? certificates.Find(certificate) ?? CallerIdentity.Anonymous : CallerIdentity.Anonymous;
        }

        if (caller is null)
        {
            if (error!.Code != StatusCode.Unauthenticated) return (null, error);

            // Of an API key this is asked after it was looked up, which costs little: those who have one are never kept out by others at their address.
            if (failed.Refusal(address) is { } tooMany) return Refuse(tooMany);
            failed.Count(address);
            instruments.Refuse("invalid_credentials");
            return (null, error);
        }

        if (caller.IsAuthenticated && !await IsLoadedAsync(gate.Loaded, cancellation)) return (null, NotYet());
        return gate.Refusal(caller) is { } refusal ? (null, refusal) : (caller, null);
    }

    /// <summary>The caller of a request that is no call.</summary>
    public ValueTask<(CallerIdentity? Caller, RpcException? Error)> AuthenticateAsync(HttpContext context) => AuthenticateAsync(
        context.Request.Headers.Authorization.ToString(), context.Request.Headers[ApiKeyRules.Header].ToString(), UsesCertificates ? context.Connection.ClientCertificate : null, context.Connection.RemoteIpAddress, context.RequestAborted);

    private (CallerIdentity? Caller, RpcException? Error) Refuse(RpcException tooMany)
    {
        instruments.Refuse("too_many_failed_attempts");
        return (null, tooMany);
    }

    private static RpcException NotYet() => new(StatusCode.Unavailable, "this host does not know yet who is revoked or blocked; try again") { RetryAfter = TimeSpan.FromSeconds(1) };

    private async ValueTask<(CallerIdentity? Caller, RpcException? Error)> FindKeyAsync(string credential, CancellationToken cancellation)
    {
        if (keys.Find(credential) is { } caller) return (caller, null);
        if (!keys.Loaded.IsCompletedSuccessfully)
        {
            if (!await IsLoadedAsync(keys.Loaded, cancellation)) return (null, NotYet());
            if (keys.Find(credential) is { } late) return (late, null);
        }

        // One answer for all: whether a key exists is nobody's business.
        return (null, new RpcException(StatusCode.Unauthenticated, "the API key is not valid") { Reason = TokenAuthenticator.InvalidTokenReason });
    }

    private async ValueTask<bool> IsLoadedAsync(Task loaded, CancellationToken cancellation)
    {
        if (!loaded.IsCompleted) await loaded.WaitAsync(s_patience, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return loaded.IsCompletedSuccessfully;
    }
}
