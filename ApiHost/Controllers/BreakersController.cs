using Granary.ApiHost.Hosting;
using Granary.Gateway.Admission;
using Granary.Gateway.Audit;
using Granary.Gateway.Resilience;
using Granary.Rpc;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Granary.ApiHost.Controllers;

/// <summary>The circuit breakers of this host, one for each method. Other hosts have their own.</summary>
[ApiController]
[Route("admin/breakers")]
[Authorize(AdminEndpoints.Policy)]
[RateLimitPolicy(AdminEndpoints.RateLimit)]
public sealed class BreakersController(Breakers breakers) : ControllerBase
{
    /// <summary>All of them, by name.</summary>
    [HttpGet]
    public BreakerView[] Get() => [.. breakers.Read().Select(BreakerView.Of)];

    /// <summary>Closes one, whatever it has seen.</summary>
    /// <param name="service">The full name of the service, for example <c>granary.samples.v1.Users</c>.</param>
    /// <param name="method">The method's name.</param>
    [HttpPost("{service}/{method}/reset")]
    [Audit("breakers.reset")]
    public BreakerView Reset(string service, string method)
    {
        var name = $"{service}/{method}";
        if (!breakers.Reset(name)) throw new RpcException(Rpc.StatusCode.NotFound, $"there is no breaker {name}; GET /admin/breakers has all");
        return BreakerView.Of(breakers.Read().Single(b => b.Name == name));
    }
}

/// <summary>A breaker.</summary>
/// <param name="Name">The method's full name.</param>
/// <param name="State"><c>closed</c>, <c>half-open</c> or <c>open</c>.</param>
/// <param name="Calls">Calls in its window.</param>
/// <param name="Failures">Those that failed.</param>
/// <param name="Since">When it came to its state; absent if it has always been closed.</param>
public sealed record BreakerView(string Name, string State, int Calls, int Failures, DateTimeOffset? Since)
{
    internal static BreakerView Of(BreakerStatus breaker) => new(
        breaker.Name,
        breaker.State switch { BreakerState.Open => "open", BreakerState.HalfOpen => "half-open", _ => "closed" },
        breaker.Calls,
        breaker.Failures,
        breaker.Since);
}
