using Orleans.Metadata;
using Orleans.Runtime;

namespace Orleans
{
    /// <summary>Names the grain type of a class, in place of a name derived from the class.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class GrainTypeAttribute : Attribute, IGrainTypeProviderAttribute
    {
        private readonly GrainType _grainType;

        public GrainTypeAttribute(string grainType) => _grainType = GrainType.Create(grainType);

        public GrainType GetGrainType(IServiceProvider services, Type type) => _grainType;
    }
}

namespace Orleans.Runtime
{
    /// <summary>Names a grain interface, in place of a name derived from the interface.</summary>
    [AttributeUsage(AttributeTargets.Interface, AllowMultiple = false)]
    public sealed class GrainInterfaceTypeAttribute : Attribute, IGrainInterfaceTypeProviderAttribute
    {
        private readonly GrainInterfaceType _value;

        public GrainInterfaceTypeAttribute(string value) => _value = GrainInterfaceType.Create(value);

        public GrainInterfaceType GetGrainInterfaceType(IServiceProvider services, Type type) => _value;
    }

    /// <summary>An attribute that names a grain interface.</summary>
    public interface IGrainInterfaceTypeProviderAttribute
    {
        GrainInterfaceType GetGrainInterfaceType(IServiceProvider services, Type type);
    }
}

namespace Orleans.CodeGeneration
{
    /// <summary>The version of a grain interface. A silo runs a call when its class's version is compatible with the caller's.</summary>
    [AttributeUsage(AttributeTargets.Interface)]
    public sealed class VersionAttribute(ushort version) : Attribute, IGrainInterfacePropertiesProviderAttribute
    {
        public ushort Version { get; } = version;

        void IGrainInterfacePropertiesProviderAttribute.Populate(IServiceProvider services, Type interfaceType, Dictionary<string, string> properties) =>
            properties[WellKnownGrainInterfaceProperties.Version] = Version.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}

namespace Orleans.Metadata
{
    /// <summary>The grain type which an interface means when several classes implement it.</summary>
    [AttributeUsage(AttributeTargets.Interface, AllowMultiple = false)]
    public sealed class DefaultGrainTypeAttribute(string grainType) : Attribute, IGrainInterfacePropertiesProviderAttribute
    {
        void IGrainInterfacePropertiesProviderAttribute.Populate(IServiceProvider services, Type interfaceType, Dictionary<string, string> properties) =>
            properties[WellKnownGrainInterfaceProperties.DefaultGrainType] = grainType;
    }
}
