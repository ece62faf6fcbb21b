using System.Globalization;
using Granary.ApiHost.Discovery;
using Granary.ApiHost.Hosting;
using Granary.Gateway.Admission;
using Granary.Rpc;
using Granary.Rpc.Cluster;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Granary.ApiHost.Controllers;

/// <summary>The silos and how they are.</summary>
[ApiController]
[Route("admin/cluster")]
[Authorize(AdminEndpoints.Policy)]
[RateLimitPolicy(AdminEndpoints.RateLimit)]
public sealed class ClusterController(IClusterFeed feed, IClusterInspector inspector, IServiceProvider services) : ControllerBase
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <summary>Every silo of the member list, with the load of those that serve. A silo that does not answer is told to be so; it does not hold up the others.</summary>
    [HttpGet]
    public async Task<ClusterView> Get(CancellationToken cancellation)
    {
        var cluster = feed.Current;
        var map = services.GetRequiredService<ServiceMap>();
        var asked = await Task.WhenAll(cluster.Members.Select(m => AskAsync(m, cancellation)));
        var suspectedBy = asked.SelectMany(a => a.Load?.Suspects.Select(s => (Suspect: s, Witness: a.Member.Address)) ?? []).ToLookup(s => s.Suspect, s => s.Witness.ToParsableString());
        return new ClusterView(cluster.Version, cluster.Epoch.Length == 0 ? null : cluster.Epoch, [.. asked.Select(a => Describe(a.Member, a.Load, a.Problem, map.HostedBy(a.Member), suspectedBy[a.Member.Address]))]);
    }

    private async Task<(ClusterMember Member, MemberLoad? Load, string? Problem)> AskAsync(ClusterMember member, CancellationToken cancellation)
    {
        if (!member.IsRunning) return (member, null, null);
        try
        {
            using var deadline = RpcDeadline.Within(s_patience);
            return (member, await inspector.LoadAsync(member.Address).WaitAsync(cancellation), null);
        }
        catch (Exception error) when (!cancellation.IsCancellationRequested)
        {
            return (member, null, error is TimeoutException ? string.Create(CultureInfo.InvariantCulture, $"does not answer within {s_patience.TotalSeconds} s") : error.Message);
        }
    }

    private static SiloView Describe(ClusterMember silo, MemberLoad? load, string? problem, IReadOnlyList<ServiceView> services, IEnumerable<string> suspectedBy) =>
        new(silo.Address.ToParsableString(), silo.Name, silo.Status)
        {
            Generation = silo.Address.Generation,
            Release = silo.Release.Length == 0 ? null : silo.Release,
            Started = silo.StartedAt,
            Roles = silo.Roles,
            Weight = silo.Weight,
            Endpoints = silo.Endpoints,
            Services = services,
            SuspectedBy = [.. suspectedBy],
            Problem = problem,
            Activations = load?.Activations,
            Clients = load?.Clients,
            Overloaded = load?.IsOverloaded,
            CpuPercent = load is null ? null : Math.Round(load.CpuPercent, 1),
            MemoryBytes = load?.MemoryBytes,
            QueueDelayMs = load?.QueueDelay is { } delay ? Math.Round(delay.TotalMilliseconds, 1) : null,
        };
}

/// <summary>A cluster.</summary>
/// <param name="Version">Of its member list, as this host knows it.</param>
/// <param name="Epoch">Of its membership table: another one when the table was lost and made anew. Absent where there is none.</param>
/// <param name="Silos">Its silos, by address.</param>
public sealed record ClusterView(long Version, string? Epoch, IReadOnlyList<SiloView> Silos);

/// <summary>A silo; the load is absent when it does not serve or does not answer.</summary>
/// <param name="Address"><c>ip:port@generation</c>.</param>
/// <param name="Name">Its name for people.</param>
/// <param name="Status">Joining, Active, ShuttingDown, Stopping or Dead.</param>
public sealed record SiloView(string Address, string Name, string Status)
{
    /// <summary>Tells it from earlier processes at the same address.</summary>
    public int Generation { get; init; }

    /// <summary>The release it runs.</summary>
    public string? Release { get; init; }

    /// <summary>When it joined, by its own clock.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>Its roles.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>Its share of the work by discovery.</summary>
    public int Weight { get; init; }

    /// <summary>Where else it can be reached, by protocol.</summary>
    public IReadOnlyDictionary<string, string> Endpoints { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The services it can host.</summary>
    public IReadOnlyList<ServiceView> Services { get; init; } = [];

    /// <summary>The silos that cannot reach it and have reported it.</summary>
    public IReadOnlyList<string> SuspectedBy { get; init; } = [];

    /// <summary>Why its load is not told.</summary>
    public string? Problem { get; init; }

    /// <summary>Grains in memory.</summary>
    public int? Activations { get; init; }

    /// <summary>Connected clients.</summary>
    public long? Clients { get; init; }

    /// <summary>Whether it refuses calls from outside.</summary>
    public bool? Overloaded { get; init; }

    /// <summary>0 to 100 of all cores.</summary>
    public double? CpuPercent { get; init; }

    /// <summary>Of the process.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>How long work waits for a thread.</summary>
    public double? QueueDelayMs { get; init; }
}
