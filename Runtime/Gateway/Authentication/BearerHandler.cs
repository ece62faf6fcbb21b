using System.Text.Encodings.Web;
using Granary.Rpc;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Authentication;

/// <summary>The same authentication for what is no call: controllers and other endpoints of ASP.NET Core. Refusals are problem documents.</summary>
internal sealed class BearerHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, CallerAuthenticator callers)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "Bearer";

    private RpcException? _error;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        (var caller, _error) = await callers.AuthenticateAsync(Context);
        if (caller is null) return AuthenticateResult.Fail(_error!);
        return !caller.IsAuthenticated
            ? AuthenticateResult.NoResult()
            : AuthenticateResult.Success(new AuthenticationTicket(caller.Principal, SchemeName));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) =>
        HttpProblem.WriteAsync(Context, _error ?? AuthorizationFilter.NoCredentials());

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        HttpProblem.WriteAsync(Context, new RpcException(StatusCode.PermissionDenied, "you may not do this"));
}
