using Granary.ApiHost.Hosting;
using Granary.Gateway.Admission;
using Granary.Gateway.Audit;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Granary.ApiHost.Controllers;

/// <summary>What those who run this service have done.</summary>
[ApiController]
[Route("admin/audit")]
[Authorize(AdminEndpoints.Policy)]
[RateLimitPolicy(AdminEndpoints.RateLimit)]
public sealed class AuditController(IAuditLog audit) : ControllerBase
{
    /// <summary>The latest entries, the last one first; the next page is asked for by <c>?before=</c> and what <c>next</c> says.</summary>
    [HttpGet]
    public async Task<AuditPage> Get([FromQuery] string? before, [FromQuery] int limit = 100, CancellationToken cancellation = default)
    {
        var entries = await audit.ReadAsync(before, limit, cancellation);
        return new AuditPage(entries, entries.Count == limit ? entries[^1].Id : null);
    }
}

/// <summary>A page of the audit log.</summary>
/// <param name="Entries">The last one first.</param>
/// <param name="Next">Where the next page begins; absent on the last one.</param>
public sealed record AuditPage(IReadOnlyList<AuditEntry> Entries, string? Next);
