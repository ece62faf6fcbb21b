using System.Collections.Frozen;
using Granary.ApiHost.Hosting;
using Granary.Gateway.Admission;
using Granary.Rpc;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Granary.ApiHost.Controllers;

/// <summary>Tokens for trying things out. Only in Development: anywhere else, and where an authority signs the tokens, there is no such address.</summary>
[ApiController]
[Route("admin/tokens")]
[AllowAnonymous]
[RateLimitPolicy(AdminEndpoints.RateLimit)]
public sealed class TokensController(DevelopmentTokens tokens) : ControllerBase
{
    private const int MaxMinutes = 24 * 60;
    private static readonly FrozenSet<string> s_roles = FrozenSet.Create(StringComparer.Ordinal, "guest", "user", "admin");

    /// <summary>A token for this subject with these roles.</summary>
    [HttpPost]
    public TokenView Issue(TokenRequest request)
    {
        if (tokens.Issuer is not { } issuer) throw new RpcException(Rpc.StatusCode.NotFound, "tokens are issued in Development only");
        if (request.Subject is not { Length: >= 1 and <= 100 }) throw RpcException.Invalid("subject", "must have 1 to 100 characters");
        var roles = request.Roles ?? ["user"];
        if (roles.FirstOrDefault(r => r is null || !s_roles.Contains(r)) is { } unknown) throw RpcException.Invalid("roles", $"'{unknown}' is none of guest, user, admin");
        if (request.Minutes is < 1 or > MaxMinutes) throw RpcException.Invalid("minutes", $"must be 1 to {MaxMinutes}");
        var lifetime = TimeSpan.FromMinutes(request.Minutes ?? 60);
        return new TokenView(issuer.Issue(request.Subject, roles, lifetime, tenant: request.Tenant), (int)lifetime.TotalSeconds);
    }
}

/// <summary>What a token should say.</summary>
/// <param name="Subject">Who the caller is.</param>
/// <param name="Roles">Of guest, user and admin; absent means user.</param>
/// <param name="Minutes">How long it is good for, up to a day; absent means an hour.</param>
/// <param name="Tenant">The caller's tenant, if any.</param>
public sealed record TokenRequest(string Subject, IReadOnlyList<string>? Roles, int? Minutes, string? Tenant);

/// <summary>A token.</summary>
/// <param name="Token">For <c>Authorization: Bearer</c>.</param>
/// <param name="ExpiresIn">Seconds until it expires.</param>
public sealed record TokenView(string Token, int ExpiresIn);
