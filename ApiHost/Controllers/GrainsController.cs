using Granary.ApiHost.Hosting;
using Granary.Gateway.Admission;
using Granary.Rpc;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Orleans;
using Orleans.Core.Internal;
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

    /// <summary>How many grains of each class are in memory, and on which silos.</summary>
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

    /// <summary>Deactivates one grain when it has finished what it runs; its next call activates it again, from its stored state. The answer says where it was.</summary>
    [HttpDelete("{type}/{**key}")]
    public async Task<GrainView> Deactivate(string type, string key)
    {
        var grain = Reference(type, key);
        var view = await ViewAsync(grain);
        if (view.Silo is not null) await grain.AsReference<IGrainManagementExtension>().DeactivateOnIdle();
        return view;
    }

    private async Task<GrainView> ViewAsync(IAddressable grain) =>
        new(grain.GetGrainId().ToString(), (await Management.GetActivationAddress(grain))?.ToParsableString());

    private IAddressable Reference(string type, string key)
    {
        var id = GrainId.Create(type, key);
        return id.IsClient() || id.IsSystemTarget()
            ? throw RpcException.Invalid("type", $"'{type}' is no type of grains; logs and traces have a grain's type before its key, for example calculator/a")
            : grains.GetGrain(id);
    }
}

/// <summary>The grains of one class.</summary>
/// <param name="Class">The full name of the grain class.</param>
/// <param name="Activations">How many are in memory.</param>
/// <param name="Silos">How many on each silo.</param>
public sealed record GrainTypeView(string Class, int Activations, IReadOnlyDictionary<string, int> Silos);

/// <summary>One grain.</summary>
/// <param name="Grain">Its id, <c>type/key</c>.</param>
/// <param name="Silo">Where it is in memory; absent when it is not.</param>
public sealed record GrainView(string Grain, string? Silo);
