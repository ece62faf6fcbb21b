using System.Collections.Concurrent;
using System.Collections.Frozen;
using Granary.Engine.Membership;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Granary.Engine.Placement;

/// <summary>
/// Chooses the silo of a new activation: of the active silos whose manifest has the grain type with a compatible version of the interface, the one that the strategy of the grain's class picks.
/// Thread-safe.
/// </summary>
internal sealed class PlacementPolicies
{
    private const int MaxKept = 10_000;

    private readonly ProcessCore _process;
    private readonly FrozenDictionary<string, IPlacementPolicy> _policies;
    private readonly Lazy<(string Default, VersionRules Versions)> _configured;
    private readonly ConcurrentDictionary<string, DirectedPlacement?> _directed = new(StringComparer.Ordinal);
    private volatile Compatible _compatible = new(MembershipView.Empty);

    internal PlacementPolicies(ProcessCore process)
    {
        _process = process;
        _policies = new Dictionary<string, IPlacementPolicy>(StringComparer.Ordinal)
        {
            [nameof(RandomPlacement)] = new RandomPolicy(Random.Shared),
            [nameof(PreferLocalPlacement)] = new PreferLocalPolicy(Random.Shared),
            [nameof(HashBasedPlacement)] = new HashBasedPolicy(),
            [nameof(ActivationCountBasedPlacement)] = new ActivationCountPolicy(Loads, Random.Shared),
            [nameof(ResourceOptimizedPlacement)] = new ResourceOptimizedPolicy(Loads, Random.Shared),
            [nameof(SiloRoleBasedPlacement)] = new SiloRolePolicy(Random.Shared),
        }.ToFrozenDictionary(StringComparer.Ordinal);
        _configured = new Lazy<(string, VersionRules)>(() => (
            _process.Services.GetService<PlacementStrategy>()?.GetType().Name ?? nameof(ResourceOptimizedPlacement),
            VersionRules.From(_process.Services)));
    }

    /// <summary>What is known of the silos' load.</summary>
    internal LoadTable Loads { get; } = new();

    /// <summary>The silo for a new activation; null when no active silo hosts grains of that type.</summary>
    /// <exception cref="OrleansException">Silos host the type, but none will do.</exception>
    internal ValueTask<SiloAddress?> ChooseAsync(in PlacementRequest request)
    {
        var (candidates, strategy) = CandidatesOf(request);
        if (candidates.Length == 0) return default;
        if (!_policies.TryGetValue(strategy, out var policy)) return DirectAsync(request, candidates, strategy);
        var chosen = policy.Choose(request, candidates)
            ?? throw new OrleansException($"No active silo will do for the grain {request.GrainId}: {strategy} found none among {candidates.Length} that host its class.");
        Loads.OnPlaced(chosen);
        return new ValueTask<SiloAddress?>(chosen);
    }

    /// <summary>Whether an interface that this silo has in that version may be called by one that has it in another.</summary>
    internal bool IsCompatible(ushort requested, ushort current) => requested == current || _configured.Value.Versions.IsCompatible(requested, current);

    /// <summary>Whether another active silo than this one may host the grain.</summary>
    internal bool HasOther(in PlacementRequest request, SiloAddress self)
    {
        foreach (var silo in CandidatesOf(request).Silos)
        {
            if (!silo.Address.Equals(self)) return true;
        }

        return false;
    }

    private async ValueTask<SiloAddress?> DirectAsync(PlacementRequest request, SiloEntry[] candidates, string strategy)
    {
        var directed = _directed.GetOrAdd(strategy, Directed)
            ?? throw new OrleansException(
                $"The grain {request.GrainId} has the placement strategy '{strategy}', which this silo does not have. It has {string.Join(", ", _policies.Keys.Order(StringComparer.Ordinal))}; add others with ISiloBuilder.AddPlacementDirector.");
        var chosen = await directed.ChooseAsync(request, candidates);
        Loads.OnPlaced(chosen);
        return chosen;
    }

    private DirectedPlacement? Directed(string name) =>
        _process.Services.GetKeyedService<PlacementStrategy>(name) is { } strategy && _process.Services.GetKeyedService<IPlacementDirector>(strategy.GetType()) is { } director
            ? new DirectedPlacement(strategy, director, _process)
            : null;

    private (SiloEntry[] Silos, string Strategy) CandidatesOf(in PlacementRequest request)
    {
        var view = _process.View;
        var compatible = _compatible;
        if (!ReferenceEquals(compatible.View, view)) _compatible = compatible = new Compatible(view);
        var key = (request.GrainId.Type, request.Interface, request.Version);
        if (compatible.ByType.TryGetValue(key, out var known)) return known;
        var found = Find(view, request.GrainId.Type, request.Interface, request.Version);
        // What a caller says is not kept without end.
        return compatible.ByType.Count < MaxKept ? compatible.ByType.GetOrAdd(key, found) : found;
    }

    private (SiloEntry[] Silos, string Strategy) Find(MembershipView view, GrainType type, string callInterface, ushort version)
    {
        var name = type.ToString();
        var hosts = view.Active.Select(silo => (Silo: silo, Entries: silo.GrainTypes.Where(g => g.GrainType == name).ToArray())).Where(h => h.Entries.Length > 0).ToArray();
        var strategy = hosts.SelectMany(h => h.Entries).Select(e => e.Placement).FirstOrDefault(p => p.Length > 0) ?? _configured.Value.Default;
        // An interface that every grain may have (reminders) stands in no manifest of its own version.
        var versions = hosts.Select(h => (h.Silo, Version: h.Entries.FirstOrDefault(e => e.Interface == callInterface)?.Version ?? version)).ToArray();
        return (_configured.Value.Versions.Select(version, versions), strategy);
    }

    /// <summary>What has been worked out for one view.</summary>
    private sealed class Compatible(MembershipView view)
    {
        internal MembershipView View { get; } = view;

        internal ConcurrentDictionary<(GrainType Type, string Interface, ushort Version), (SiloEntry[] Silos, string Strategy)> ByType { get; } = new();
    }
}
