using Granary.ApiHost.Hosting;
using Granary.Gateway.Admission;
using Granary.Gateway.Audit;
using Granary.Gateway.Authentication;
using Granary.Rpc;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Granary.ApiHost.Controllers;

/// <summary>Tokens that are refused before they expire.</summary>
[ApiController]
[Route("admin/revocations")]
[Authorize(AdminEndpoints.Policy)]
[RateLimitPolicy(AdminEndpoints.RateLimit)]
public sealed class RevocationsController(Revocations revocations) : ControllerBase
{
    /// <summary>Those in force, by their ids; the next page is asked for by <c>?after=</c> and the last id.</summary>
    [HttpGet]
    public IReadOnlyList<RevocationView> List([FromQuery] string? after, [FromQuery] int limit = 100) => revocations.List(after, limit);

    /// <summary>Revokes a token by its id, or all tokens that a subject was issued until now. In force on every gateway within a second.</summary>
    [HttpPost]
    [Audit("revocations.create")]
    public Task<RevocationView> Create(RevocationRequest request, CancellationToken cancellation)
    {
        AdminText.Check("reason", request.Reason, 200, mayBeAbsent: true);
        var by = User.FindFirst("sub")?.Value ?? "";
        if (request.TokenId is null == request.Subject is null) throw RpcException.Invalid("subject", "write either a subject or a tokenId");
        if (request.TokenId is not null)
        {
            AdminText.Check("tokenId", request.TokenId, 400);
            if (request.IssuedUntil is not null) throw RpcException.Invalid("issuedUntil", "is for a subject's tokens");
            HttpContext.NoteForAudit("token:" + request.TokenId, request.Reason ?? "");
            return revocations.RevokeTokenAsync(request.TokenId, request.Expires, request.Reason ?? "", by, cancellation);
        }

        AdminText.Check("subject", request.Subject, 400);
        if (request.Expires is not null) throw RpcException.Invalid("expires", "is for a single token");
        HttpContext.NoteForAudit("subject:" + request.Subject, request.Reason ?? "");
        return revocations.RevokeSubjectAsync(request.Subject!, request.IssuedUntil, request.Reason ?? "", by, cancellation);
    }

    /// <summary>Takes one back.</summary>
    [HttpDelete("{**id}")]
    [Audit("revocations.delete", Closed = true)]
    public async Task<IActionResult> Delete(string id, CancellationToken cancellation) =>
        await revocations.RemoveAsync(id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase), cancellation) ? NoContent() : throw new RpcException(Rpc.StatusCode.NotFound, $"there is no revocation '{id}'; GET /admin/revocations has those there are");
}

/// <summary>What is revoked: one of the first two.</summary>
/// <param name="TokenId">A token's <c>jti</c>.</param>
/// <param name="Subject">Whose tokens.</param>
/// <param name="Expires">When the token expires, if that is known: the revocation is forgotten then.</param>
/// <param name="IssuedUntil">Of a subject: tokens issued until then; by default now.</param>
/// <param name="Reason">Why.</param>
public sealed record RevocationRequest(string? TokenId, string? Subject, DateTimeOffset? Expires, DateTimeOffset? IssuedUntil, string? Reason);
