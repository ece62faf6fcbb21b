using Orleans.Metadata;
using Orleans.Runtime;

namespace Orleans.Placement;

/// <summary>The base of attributes which choose a grain class's <see cref="Runtime.PlacementStrategy"/>.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
public abstract class PlacementAttribute : Attribute, IGrainPropertiesProviderAttribute
{
    protected PlacementAttribute(PlacementStrategy placement)
    {
        ArgumentNullException.ThrowIfNull(placement);
        PlacementStrategy = placement;
    }

    public PlacementStrategy PlacementStrategy { get; }

    public virtual void Populate(IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties) =>
        PlacementStrategy.PopulateGrainProperties(services, grainClass, grainType, properties);
}

/// <inheritdoc cref="RandomPlacement"/>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
public sealed class RandomPlacementAttribute() : PlacementAttribute(RandomPlacement.Singleton);

/// <inheritdoc cref="PreferLocalPlacement"/>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
public sealed class PreferLocalPlacementAttribute() : PlacementAttribute(PreferLocalPlacement.Singleton);

/// <inheritdoc cref="HashBasedPlacement"/>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
public sealed class HashBasedPlacementAttribute() : PlacementAttribute(HashBasedPlacement.Singleton);

/// <inheritdoc cref="ActivationCountBasedPlacement"/>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
public sealed class ActivationCountBasedPlacementAttribute() : PlacementAttribute(ActivationCountBasedPlacement.Singleton);

/// <inheritdoc cref="ResourceOptimizedPlacement"/>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
public sealed class ResourceOptimizedPlacementAttribute() : PlacementAttribute(ResourceOptimizedPlacement.Singleton);

/// <inheritdoc cref="SiloRoleBasedPlacement"/>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
public sealed class SiloRoleBasedPlacementAttribute() : PlacementAttribute(SiloRoleBasedPlacement.Singleton);
