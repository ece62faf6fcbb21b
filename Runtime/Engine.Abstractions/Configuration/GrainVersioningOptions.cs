using Orleans.Versions.Compatibility;
using Orleans.Versions.Selector;

namespace Orleans.Configuration;

/// <summary>Which versions of a grain interface serve which callers while a cluster is upgraded.</summary>
public class GrainVersioningOptions
{
    /// <summary>The name of a <see cref="CompatibilityStrategy"/>, for example <c>nameof(BackwardCompatible)</c>.</summary>
    public string DefaultCompatibilityStrategy { get; set; } = nameof(BackwardCompatible);

    /// <summary>The name of a <see cref="VersionSelectorStrategy"/>, for example <c>nameof(LatestVersion)</c>.</summary>
    public string DefaultVersionSelectorStrategy { get; set; } = nameof(AllCompatibleVersions);
}
