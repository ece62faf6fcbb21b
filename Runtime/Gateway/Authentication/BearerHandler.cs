using System.Text.Encodings.Web;
using Granary.Rpc;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Granary.Gateway.Authentication;

/// <summary>The same authentication for what is no call: controllers and other endpoints of ASP.NET Core. Refusals are problem documents.</summary>
internal sealed class BearerHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, TokenAuthenticator tokens)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "Bearer";

    private RpcException? _error;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization.ToString();
        if (header.Length == 0) return AuthenticateResult.NoResult();
        (var caller, _error) = await tokens.AuthenticateAsync(header, Context.RequestAborted);
        return caller is null
            ? AuthenticateResult.Fail(_error!)
            : AuthenticateResult.Success(new AuthenticationTicket(caller.Principal, SchemeName));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) =>
        HttpProblem.WriteAsync(Context, _error ?? AuthorizationFilter.NoCredentials());

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        HttpProblem.WriteAsync(Context, new RpcException(StatusCode.PermissionDenied, "you may not do this"));
}
