namespace Orleans.Runtime.Placement;

/// <summary>Carries out a <see cref="PlacementStrategy"/>: chooses the silo of a new activation. One for each silo; thread-safe.</summary>
public interface IPlacementDirector
{
    /// <summary>The key of a wish for a silo among <see cref="PlacementTarget.RequestContextData"/>.</summary>
    const string PlacementHintKey = nameof(PlacementHintKey);

    /// <summary>The silo for an activation: one of <see cref="IPlacementContext.GetCompatibleSilos"/>.</summary>
    Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context);
}

/// <summary>What a director may know.</summary>
public interface IPlacementContext
{
    /// <summary>The active silos that host the grain's class in a version compatible with the caller's.</summary>
    SiloAddress[] GetCompatibleSilos(PlacementTarget target);

    /// <summary>The same by the version of the interface.</summary>
    IReadOnlyDictionary<ushort, SiloAddress[]> GetCompatibleSilosWithVersions(PlacementTarget target);

    /// <summary>The silo that places.</summary>
    SiloAddress LocalSilo { get; }

    /// <summary>Its status.</summary>
    SiloStatus LocalSiloStatus { get; }
}

/// <summary>A grain to be placed, and the call that asks for it.</summary>
public readonly struct PlacementTarget
{
    public PlacementTarget(GrainId grainIdentity, Dictionary<string, object> requestContextData, GrainInterfaceType interfaceType, ushort interfaceVersion)
    {
        GrainIdentity = grainIdentity;
        RequestContextData = requestContextData;
        InterfaceType = interfaceType;
        InterfaceVersion = interfaceVersion;
    }

    public GrainId GrainIdentity { get; }

    public GrainInterfaceType InterfaceType { get; }

    public ushort InterfaceVersion { get; }

    public Dictionary<string, object> RequestContextData { get; }
}
