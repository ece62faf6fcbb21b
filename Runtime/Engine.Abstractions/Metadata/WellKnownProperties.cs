namespace Orleans.Metadata;

/// <summary>Names of properties of grain types.</summary>
public static class WellKnownGrainTypeProperties
{
    public const string TypeName = "type-name";
    public const string FullTypeName = "full-type-name";
    public const string ImplementedInterfacePrefix = "interface.";
    public const string IdleDeactivationPeriod = "idle-duration";
    public const string IndefiniteIdleDeactivationPeriodValue = "indefinite";
    public const string PlacementStrategy = "placement-strategy";
    public const string PlacementFilter = "placement-filter";
    public const string GrainDirectory = "directory-policy";
    public const string Reentrant = "reentrant";
    public const string MayInterleavePredicate = "may-interleave-predicate";
    public const string Unordered = "unordered";
    public const string Immovable = "immovable";
}

/// <summary>Names of properties of grain interfaces.</summary>
public static class WellKnownGrainInterfaceProperties
{
    public const string TypeName = "type-name";
    public const string Version = "version";
    public const string DefaultGrainType = "primary-grain-type";
}
