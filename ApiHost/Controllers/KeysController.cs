using Granary.ApiHost.Hosting;
using Granary.Gateway.Admission;
using Granary.Gateway.Audit;
using Granary.Gateway.Authentication;
using Granary.Rpc;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Granary.ApiHost.Controllers;

/// <summary>API keys for machines. The text of a key is told once, when it is made or rotated; nothing that is kept tells it again.</summary>
[ApiController]
[Route("admin/keys")]
[Authorize(AdminEndpoints.Policy)]
[RateLimitPolicy(AdminEndpoints.RateLimit)]
public sealed class KeysController(ApiKeys keys) : ControllerBase
{
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(3650);
    private static readonly TimeSpan s_longestOverlap = TimeSpan.FromDays(90);

    /// <summary>The keys that administrators have made.</summary>
    [HttpGet]
    public IReadOnlyList<ApiKeyView> List() => keys.List();

    /// <summary>Makes a key.</summary>
    [HttpPost]
    [Audit("keys.create", Closed = true)]
    public async Task<NewKeyView> Create(KeyRequest request, CancellationToken cancellation)
    {
        AdminText.Check("subject", request.Subject, 100);
        AdminText.Check("name", request.Name, 100, mayBeAbsent: true);
        AdminText.Check("tenant", request.Tenant, 100, mayBeAbsent: true);
        var roles = AdminText.Names("roles", request.Roles);
        var lifetime = AdminText.Time("days", request.Days, TimeSpan.FromDays(1), s_longest);
        var made = await keys.CreateAsync(request.Name ?? "", request.Subject, roles, AdminText.Names("scopes", request.Scopes), request.Tenant, lifetime, User.FindFirst("sub")?.Value ?? "", cancellation);
        HttpContext.NoteForAudit(made.Key.Id, $"subject {request.Subject}, roles {string.Join(' ', roles)}");
        return Told(made);
    }

    /// <summary>Gives a key another secret.</summary>
    [HttpPost("{id}/rotate")]
    [Audit("keys.rotate", Closed = true)]
    public async Task<NewKeyView> Rotate(string id, RotateRequest request, CancellationToken cancellation) =>
        Told(await keys.RotateAsync(id, request.OverlapHours is 0 ? TimeSpan.Zero : AdminText.Time("overlapHours", request.OverlapHours, TimeSpan.FromHours(1), s_longestOverlap) ?? TimeSpan.FromDays(1), cancellation));

    /// <summary>Revokes a key. It opens nothing any more, on every gateway within a second.</summary>
    [HttpDelete("{id}")]
    [Audit("keys.delete")]
    public async Task<IActionResult> Delete(string id, CancellationToken cancellation) =>
        await keys.RemoveAsync(id, cancellation) ? NoContent() : throw new RpcException(Rpc.StatusCode.NotFound, $"there is no key '{id}'; GET /admin/keys has those there are. Keys of the configuration are changed there");

    private NewKeyView Told((ApiKeyView Key, string Text) made)
    {
        Response.Headers.CacheControl = "no-store";
        return new NewKeyView(made.Key.Id, made.Text) { Expires = made.Key.Expires };
    }
}

/// <summary>What a key should open.</summary>
/// <param name="Subject">Who calls with it.</param>
/// <param name="Name">What it is for, for people.</param>
/// <param name="Roles">The roles; none by default.</param>
/// <param name="Scopes">The scopes; none by default.</param>
/// <param name="Tenant">The tenant, if any.</param>
/// <param name="Days">How long it is good for; absent means until it is revoked.</param>
public sealed record KeyRequest(string Subject, string? Name, IReadOnlyList<string>? Roles, IReadOnlyList<string>? Scopes, string? Tenant, double? Days);

/// <summary>How a key is rotated.</summary>
/// <param name="OverlapHours">How long the secret before goes on; absent means a day, 0 not at all.</param>
public sealed record RotateRequest(double? OverlapHours);

/// <summary>A key that was just made.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Key">The whole key, for <c>x-api-key</c>; told this once.</param>
public sealed record NewKeyView(string Id, string Key)
{
    /// <summary>Until when it is good.</summary>
    public DateTimeOffset? Expires { get; init; }
}
