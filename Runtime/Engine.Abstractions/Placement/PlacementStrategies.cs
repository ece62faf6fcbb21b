using System.Globalization;
using Orleans.Metadata;

namespace Orleans.Runtime;

/// <summary>How the silo for a new activation is chosen. A strategy is a name and settings; a director in the silo carries it out.</summary>
public abstract class PlacementStrategy
{
    /// <summary>Whether activations are registered in the grain directory, so that there is at most one in the cluster.</summary>
    public virtual bool IsUsingGrainDirectory => true;

    /// <summary>Takes the settings out of a grain type's properties.</summary>
    public virtual void Initialize(GrainProperties properties)
    {
    }

    /// <summary>Writes the strategy's name and settings into a grain type's properties.</summary>
    public virtual void PopulateGrainProperties(IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties) =>
        properties[WellKnownGrainTypeProperties.PlacementStrategy] = GetType().Name;
}

/// <summary>Any compatible silo, each as likely.</summary>
[GenerateSerializer]
[Immutable]
public sealed class RandomPlacement : PlacementStrategy
{
    internal static RandomPlacement Singleton { get; } = new();
}

/// <summary>The silo of the caller when it is compatible, else a random one.</summary>
[GenerateSerializer]
[Immutable]
public sealed class PreferLocalPlacement : PlacementStrategy
{
    internal static PreferLocalPlacement Singleton { get; } = new();
}

/// <summary>The silo is a function of the grain id and the set of silos.</summary>
[GenerateSerializer]
[Immutable]
public sealed class HashBasedPlacement : PlacementStrategy
{
    internal static HashBasedPlacement Singleton { get; } = new();
}

/// <summary>Of two random silos, the one with fewer activations.</summary>
[GenerateSerializer]
[Immutable]
public sealed class ActivationCountBasedPlacement : PlacementStrategy
{
    internal static ActivationCountBasedPlacement Singleton { get; } = new();
}

/// <summary>Of some random silos, the one with the most free CPU and memory.</summary>
[GenerateSerializer]
[Immutable]
public sealed class ResourceOptimizedPlacement : PlacementStrategy
{
    internal static ResourceOptimizedPlacement Singleton { get; } = new();
}

/// <summary>A silo whose role is the grain's key.</summary>
[GenerateSerializer]
[Immutable]
public class SiloRoleBasedPlacement : PlacementStrategy
{
    internal static SiloRoleBasedPlacement Singleton { get; } = new();
}

/// <summary>The silo of the caller, on which there may be several activations. See <see cref="Concurrency.StatelessWorkerAttribute"/>.</summary>
[GenerateSerializer]
[Immutable]
internal sealed class StatelessWorkerPlacement : PlacementStrategy
{
    private const string MaxLocalProperty = "max-local-instances";
    private const string RemoveIdleWorkersProperty = "remove-idle-workers";

    public StatelessWorkerPlacement()
        : this(Environment.ProcessorCount, removeIdleWorkers: true)
    {
    }

    internal StatelessWorkerPlacement(int maxLocal, bool removeIdleWorkers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLocal, 1);
        MaxLocal = maxLocal;
        RemoveIdleWorkers = removeIdleWorkers;
    }

    /// <summary>The greatest number of activations on one silo.</summary>
    [Id(0)]
    public int MaxLocal { get; private set; }

    /// <summary>Whether activations go soon when the load falls.</summary>
    [Id(1)]
    public bool RemoveIdleWorkers { get; private set; }

    public override bool IsUsingGrainDirectory => false;

    public override void Initialize(GrainProperties properties)
    {
        base.Initialize(properties);
        if (properties.Properties.TryGetValue(MaxLocalProperty, out var max) && int.TryParse(max, CultureInfo.InvariantCulture, out var maxLocal) && maxLocal > 0)
            MaxLocal = maxLocal;
        if (properties.Properties.TryGetValue(RemoveIdleWorkersProperty, out var remove) && bool.TryParse(remove, out var removeIdle))
            RemoveIdleWorkers = removeIdle;
    }

    public override void PopulateGrainProperties(IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties)
    {
        base.PopulateGrainProperties(services, grainClass, grainType, properties);
        properties[MaxLocalProperty] = MaxLocal.ToString(CultureInfo.InvariantCulture);
        properties[RemoveIdleWorkersProperty] = RemoveIdleWorkers ? bool.TrueString : bool.FalseString;
    }
}
