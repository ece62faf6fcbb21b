using Granary.ApiHost.Hosting;
using Granary.Gateway.Admission;
using Granary.Rpc;
using Granary.Rpc.Cluster;
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
public sealed class GrainsController(IGrainFactory grains, IClusterInspector inspector) : ControllerBase
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

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

    /// <summary>Where one grain is in memory, since when, and what it does. Asking does not activate it.</summary>
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

    private async Task<GrainView> ViewAsync(IAddressable grain)
    {
        using var deadline = RpcDeadline.Within(s_patience);
        var found = await inspector.FindAsync(grain.GetGrainId());
        return new GrainView(grain.GetGrainId().ToString(), found?.Silo.ToParsableString())
        {
            Since = found?.Since,
            LastUsed = found?.LastUsed,
            Waiting = found?.Waiting,
            Running = found?.Running,
        };
    }

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
public sealed record GrainView(string Grain, string? Silo)
{
    /// <summary>When it was activated, to about a second.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>When a call of it last ended, to about a second; now, while one runs.</summary>
    public DateTimeOffset? LastUsed { get; init; }

    /// <summary>Calls that wait for their turn.</summary>
    public int? Waiting { get; init; }

    /// <summary>Calls that run.</summary>
    public int? Running { get; init; }
}
