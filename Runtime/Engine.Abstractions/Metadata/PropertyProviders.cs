using Orleans.Runtime;

namespace Orleans.Metadata;

/// <summary>An attribute of a grain class that says something about it to the cluster.</summary>
public interface IGrainPropertiesProviderAttribute
{
    void Populate(IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties);
}

/// <summary>An attribute of a grain interface that says something about it to the cluster.</summary>
public interface IGrainInterfacePropertiesProviderAttribute
{
    void Populate(IServiceProvider services, Type interfaceType, Dictionary<string, string> properties);
}

/// <summary>An attribute that names a grain class's type.</summary>
public interface IGrainTypeProviderAttribute
{
    GrainType GetGrainType(IServiceProvider services, Type type);
}

/// <summary>Says something about grain classes to the cluster. Registered as a service.</summary>
public interface IGrainPropertiesProvider
{
    void Populate(Type grainClass, GrainType grainType, Dictionary<string, string> properties);
}

/// <summary>Says something about grain interfaces to the cluster. Registered as a service.</summary>
public interface IGrainInterfacePropertiesProvider
{
    void Populate(Type interfaceType, GrainInterfaceType grainInterfaceType, Dictionary<string, string> properties);
}

/// <summary>Names grain classes' types. Registered as a service; the first that answers wins.</summary>
public interface IGrainTypeProvider
{
    bool TryGetGrainType(Type type, out GrainType grainType);
}
