using Granary.Engine.Membership;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Versions.Compatibility;
using Orleans.Versions.Selector;

namespace Granary.Engine.Placement;

/// <summary>Which silos may serve a call by the <c>[Version]</c> of the interface in the caller's and in the silo's build.</summary>
internal sealed class VersionRules
{
    private readonly Func<ushort, ushort, bool> _isCompatible;
    private readonly string _selector;

    private VersionRules(string compatibility, string selector)
    {
        _isCompatible = compatibility switch
        {
            nameof(BackwardCompatible) => static (requested, current) => requested <= current,
            nameof(AllVersionsCompatible) => static (_, _) => true,
            nameof(StrictVersionCompatible) => static (requested, current) => requested == current,
            _ => throw new OrleansConfigurationException($"GrainVersioningOptions.DefaultCompatibilityStrategy is '{compatibility}'. Write {nameof(BackwardCompatible)}, {nameof(AllVersionsCompatible)} or {nameof(StrictVersionCompatible)}."),
        };
        _selector = selector is nameof(AllCompatibleVersions) or nameof(LatestVersion) or nameof(MinimumVersion)
            ? selector
            : throw new OrleansConfigurationException($"GrainVersioningOptions.DefaultVersionSelectorStrategy is '{selector}'. Write {nameof(AllCompatibleVersions)}, {nameof(LatestVersion)} or {nameof(MinimumVersion)}.");
    }

    internal static VersionRules From(IServiceProvider services)
    {
        var options = services.GetRequiredService<IOptions<GrainVersioningOptions>>().Value;
        return new VersionRules(options.DefaultCompatibilityStrategy, options.DefaultVersionSelectorStrategy);
    }

    /// <summary>Whether a caller of the one version may be served by the other.</summary>
    internal bool IsCompatible(ushort requested, ushort current) => _isCompatible(requested, current);

    /// <summary>The silos that may serve a caller of that version.</summary>
    internal SiloEntry[] Select(ushort requested, IReadOnlyCollection<(SiloEntry Silo, ushort Version)> hosts)
    {
        var compatible = hosts.Where(h => _isCompatible(requested, h.Version)).ToArray();
        if (compatible.Length == 0 || _selector == nameof(AllCompatibleVersions)) return Array.ConvertAll(compatible, h => h.Silo);
        var wanted = _selector == nameof(LatestVersion) ? compatible.Max(h => h.Version) : compatible.Min(h => h.Version);
        return [.. compatible.Where(h => h.Version == wanted).Select(h => h.Silo)];
    }
}
