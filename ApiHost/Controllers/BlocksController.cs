using Granary.ApiHost.Hosting;
using Granary.Gateway.Admission;
using Granary.Gateway.Audit;
using Granary.Gateway.Blocking;
using Granary.Rpc;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Granary.ApiHost.Controllers;

/// <summary>Who is refused: addresses, subjects, programs.</summary>
[ApiController]
[Route("admin/blocks")]
[Authorize(AdminEndpoints.Policy)]
[RateLimitPolicy(AdminEndpoints.RateLimit)]
public sealed class BlocksController(BlockList blocks) : ControllerBase
{
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(3650);

    /// <summary>Those that administrators have made, by their ids; the next page is asked for by <c>?after=</c> and the last id.</summary>
    [HttpGet]
    public IReadOnlyList<BlockView> List([FromQuery] string? after, [FromQuery] int limit = 100) => blocks.List(after, limit);

    /// <summary>Blocks someone, on every gateway within a second; what they have open ends.</summary>
    [HttpPost]
    [Audit("blocks.create")]
    public Task<BlockView> Create(BlockRequest request, CancellationToken cancellation)
    {
        AdminText.Check("value", request.Value, 400);
        AdminText.Check("reason", request.Reason, 200, mayBeAbsent: true);
        var lifetime = AdminText.Time("minutes", request.Minutes, TimeSpan.FromMinutes(1), s_longest);
        HttpContext.NoteForAudit($"{request.Kind}:{request.Value}", request.Reason ?? "");
        return blocks.AddAsync(request.Kind, request.Value, lifetime, request.Reason ?? "", User.FindFirst("sub")?.Value ?? "", HttpContext.Connection.RemoteIpAddress, cancellation);
    }

    /// <summary>Takes one back.</summary>
    [HttpDelete("{**id}")]
    [Audit("blocks.delete", Closed = true)]
    public async Task<IActionResult> Delete(string id, CancellationToken cancellation) =>
        await blocks.RemoveAsync(id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase), cancellation) ? NoContent() : throw new RpcException(Rpc.StatusCode.NotFound, $"there is no block '{id}'; GET /admin/blocks has those there are. Blocks of the configuration are changed there");
}

/// <summary>Who is to be blocked.</summary>
/// <param name="Kind"><c>address</c>, <c>subject</c> or <c>agent</c>.</param>
/// <param name="Value">An address or network, a subject, or a part of a <c>User-Agent</c>.</param>
/// <param name="Minutes">For how long; absent means until it is taken back.</param>
/// <param name="Reason">Why.</param>
public sealed record BlockRequest(string Kind, string Value, double? Minutes, string? Reason);
