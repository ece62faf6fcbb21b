using Granary.ApiHost.Hosting;
using Granary.Gateway.Admission;
using Granary.Rpc;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Orleans;
using Orleans.Runtime;

namespace Granary.ApiHost.Controllers;

/// <summary>The grains in memory. A grain is named by its type and key as in the logs: <c>calculator/a</c>.</summary>
[ApiController]
[Route("admin/grains")]
[Authorize(AdminEndpoints.Policy)]
[RateLimitPolicy(AdminEndpoints.RateLimit)]
public sealed class GrainsController(IGrainFactory grains) : ControllerBase
{
    private IManagementGrain Management => grains.GetGrain<IManagementGrain>(0);

    /// <summary>How many grains of each type are in memory, and on which silos.</summary>
    [HttpGet]
    public async Task<GrainTypeView[]> Get()
    {
        var statistics = await Management.GetSimpleGrainStatistics();
        return
        [
            .. statistics.GroupBy(s => s.GrainType, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new GrainTypeView(
                g.Key,
                g.Sum(s => s.ActivationCount),
                new SortedDictionary<string, int>(g.ToDictionary(s => s.SiloAddress.ToParsableString(), s => s.ActivationCount), StringComparer.Ordinal))),
        ];
    }

    /// <summary>Where one grain is in memory. Asking does not activate it.</summary>
    [HttpGet("{type}/{**key}")]
    public async Task<GrainView> Find(string type, string key) => await ViewAsync(Reference(type, key));

    private async Task<GrainView> ViewAsync(IAddressable grain) =>
        new(grain.GetGrainId().ToString(), (await Management.GetActivationAddress(grain))?.ToParsableString());

    private IAddressable Reference(string type, string key)
    {
        var id = GrainId.Create(type, key);
        return id.IsClient() || id.IsSystemTarget()
            ? throw RpcException.Invalid("type", $"'{type}' is no type of grains; GET /admin/grains lists those in memory")
            : grains.GetGrain(id);
    }
}

/// <summary>The grains of one type.</summary>
/// <param name="Type">The grain type.</param>
/// <param name="Activations">How many are in memory.</param>
/// <param name="Silos">How many on each silo.</param>
public sealed record GrainTypeView(string Type, int Activations, IReadOnlyDictionary<string, int> Silos);

/// <summary>One grain.</summary>
/// <param name="Grain">Its id, <c>type/key</c>.</param>
/// <param name="Silo">Where it is in memory; absent when it is not.</param>
public sealed record GrainView(string Grain, string? Silo);
