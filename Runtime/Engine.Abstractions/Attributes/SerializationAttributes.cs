namespace Orleans;

/// <summary>The type is serialized: the generator writes its codec. Every serialized member carries <see cref="IdAttribute"/>.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum)]
public sealed class GenerateSerializerAttribute : Attribute
{
    /// <summary>Whether members without <see cref="IdAttribute"/> are given ids. The default is not to.</summary>
    public GenerateFieldIds GenerateFieldIds { get; init; }

    /// <summary>Whether the parameters of the primary constructor are serialized members. Unset, those of records are and others are not.</summary>
    public bool IncludePrimaryConstructorParameters { get; init; }
}

/// <summary>How members without an explicit id are treated.</summary>
public enum GenerateFieldIds
{
    /// <summary>Only members with <see cref="IdAttribute"/> are serialized.</summary>
    None,

    /// <summary>Public read-write properties are serialized, with ids derived from their names.</summary>
    PublicProperties,
}

/// <summary>The number of a serialized member; it is part of the contract and never reused.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property | AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum | AttributeTargets.Method)]
public sealed class IdAttribute(uint id) : Attribute
{
    public uint Id { get; } = id;
}

/// <summary>A name for a type or a method which survives renaming in code.</summary>
[AttributeUsage(
    AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Interface | AttributeTargets.Enum | AttributeTargets.Method)]
public sealed class AliasAttribute(string alias) : Attribute
{
    public string Alias { get; } = alias;
}

/// <summary>Instances are never changed once they are passed to or returned from a grain, so they need not be copied.</summary>
[AttributeUsage(
    AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum | AttributeTargets.Property | AttributeTargets.Field | AttributeTargets.Parameter)]
public sealed class ImmutableAttribute : Attribute;

/// <summary>How long callers of a grain method wait for its answer, when that differs from the configured time.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ResponseTimeoutAttribute(string timeout) : Attribute
{
    /// <summary>The time as the attribute parsed it, from <c>[d.]hh:mm:ss[.fff]</c>.</summary>
    public TimeSpan? Timeout { get; init; } = TimeSpan.Parse(timeout, System.Globalization.CultureInfo.InvariantCulture);
}
