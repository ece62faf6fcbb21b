using Granary.ApiHost.Dashboard.Feed;
using Granary.ApiHost.Hosting;
using Granary.Gateway.Admission;
using Granary.Gateway.Audit;
using Granary.Rpc;
using Granary.Telemetry.Statistics;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Granary.ApiHost.Controllers;

/// <summary>Log levels of the cluster's processes, set while they run, for a time. Processes that start later have the configured ones.</summary>
[ApiController]
[Route("admin/log-levels")]
[Authorize(AdminEndpoints.Policy)]
[RateLimitPolicy(AdminEndpoints.RateLimit)]
public sealed class LogLevelsController(IServiceProvider services) : ControllerBase
{
    private const double MostMinutes = 24 * 60;

    private ClusterLog Log => services.GetRequiredService<ClusterLog>();

    /// <summary>The levels that are set now.</summary>
    [HttpGet]
    public async Task<LogLevelAnswer[]> Get() => [.. (await Log.LevelsAsync()).Select(l => new LogLevelAnswer(l.Process, l.Category, l.Level, DateTimeOffset.FromUnixTimeMilliseconds(l.Until), l.By))];

    /// <summary>Sets a level on one process, or on all.</summary>
    [HttpPost]
    [Audit("log-levels.set")]
    public Task<LogLevelOutcome> Set(LogLevelRequest request)
    {
        AdminText.Check("process", request.Process, 200, mayBeAbsent: true);
        AdminText.Check("category", request.Category, 256);
        if (!LogFilter.TryParse(request.Level, out var level)) throw RpcException.Invalid("level", "is none; write trace, debug, information, warning, error or critical");
        if (!(request.Minutes is > 0 and <= MostMinutes)) throw RpcException.Invalid("minutes", $"must be greater than 0, and {MostMinutes} at most");
        HttpContext.NoteForAudit($"{request.Process ?? "all"}:{request.Category}", LogFilter.Name(level));
        return OrderAsync(request.Process, request.Category, (int)level, Math.Max(1, request.Minutes * 60));
    }

    /// <summary>Lets the configured level hold again.</summary>
    /// <param name="category">As it was set.</param>
    /// <param name="process">One process; absent for all.</param>
    [HttpDelete]
    [Audit("log-levels.delete", Closed = true)]
    public Task<LogLevelOutcome> Delete([FromQuery] string? category, [FromQuery] string? process)
    {
        AdminText.Check("process", process, 200, mayBeAbsent: true);
        AdminText.Check("category", category, 256);
        HttpContext.NoteForAudit($"{process ?? "all"}:{category}", "");
        return OrderAsync(process, category!, -1, 0);
    }

    private async Task<LogLevelOutcome> OrderAsync(string? process, string category, int level, double seconds)
    {
        var outcome = await Log.OrderAsync(new LevelOrder
        {
            Id = Guid.NewGuid().ToString("N"),
            Process = process ?? "",
            Category = category,
            Level = level,
            Seconds = seconds,
            By = User.FindFirst("sub")?.Value ?? "",
        });
        return new LogLevelOutcome(outcome.Reached, outcome.Missed);
    }
}

/// <summary>A level to be set.</summary>
/// <param name="Process">The address of a silo or the name of a gateway; absent for all.</param>
/// <param name="Category">What the categories begin with, for example <c>Granary.Engine</c>; <c>Default</c> for all that no setting names.</param>
/// <param name="Level">trace, debug, information, warning, error or critical.</param>
/// <param name="Minutes">For how long; a day at most.</param>
public sealed record LogLevelRequest(string? Process, string Category, string Level, double Minutes);

/// <summary>A level that was set at run time.</summary>
/// <param name="Process">Where.</param>
/// <param name="Category">The categories that begin with it.</param>
/// <param name="Level">The least grave entries that are written.</param>
/// <param name="Until">When the configured level holds again.</param>
/// <param name="By">Who set it.</param>
public sealed record LogLevelAnswer(string Process, string Category, string Level, DateTimeOffset Until, string By);

/// <summary>Where a change arrived.</summary>
/// <param name="Reached">Processes that have it; gateways take it over within some seconds.</param>
/// <param name="Missed">Silos that did not answer.</param>
public sealed record LogLevelOutcome(IReadOnlyList<string> Reached, IReadOnlyList<string> Missed);
