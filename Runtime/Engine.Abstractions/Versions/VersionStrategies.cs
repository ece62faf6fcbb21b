namespace Orleans.Versions.Compatibility
{
    /// <summary>Which version of a grain interface can serve a caller of which version.</summary>
    public abstract class CompatibilityStrategy;

    /// <summary>Any version serves any caller.</summary>
    [GenerateSerializer]
    [Immutable]
    public sealed class AllVersionsCompatible : CompatibilityStrategy
    {
        public static AllVersionsCompatible Singleton { get; } = new();
    }

    /// <summary>A version serves callers of itself and of earlier ones.</summary>
    [GenerateSerializer]
    [Immutable]
    public sealed class BackwardCompatible : CompatibilityStrategy
    {
        public static BackwardCompatible Singleton { get; } = new();
    }

    /// <summary>A version serves callers of itself only.</summary>
    [GenerateSerializer]
    [Immutable]
    public sealed class StrictVersionCompatible : CompatibilityStrategy
    {
        public static StrictVersionCompatible Singleton { get; } = new();
    }

    /// <summary>Decides by a <see cref="CompatibilityStrategy"/>.</summary>
    public interface ICompatibilityDirector
    {
        bool IsCompatible(ushort requestedVersion, ushort currentVersion);
    }
}

namespace Orleans.Versions.Selector
{
    /// <summary>Which of the compatible versions a new activation gets.</summary>
    public abstract class VersionSelectorStrategy;

    /// <summary>Any compatible version.</summary>
    [GenerateSerializer]
    [Immutable]
    public sealed class AllCompatibleVersions : VersionSelectorStrategy
    {
        public static AllCompatibleVersions Singleton { get; } = new();
    }

    /// <summary>The latest compatible version.</summary>
    [GenerateSerializer]
    [Immutable]
    public sealed class LatestVersion : VersionSelectorStrategy
    {
        public static LatestVersion Singleton { get; } = new();
    }

    /// <summary>The earliest compatible version.</summary>
    [GenerateSerializer]
    [Immutable]
    public sealed class MinimumVersion : VersionSelectorStrategy
    {
        public static MinimumVersion Singleton { get; } = new();
    }
}
