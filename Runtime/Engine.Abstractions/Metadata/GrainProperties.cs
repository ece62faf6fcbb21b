using System.Collections.Immutable;

namespace Orleans.Metadata;

/// <summary>What the cluster knows of a grain class. Equal when every property is.</summary>
[GenerateSerializer]
[Immutable]
public sealed class GrainProperties(ImmutableDictionary<string, string> values) : IEquatable<GrainProperties>
{
    [Id(0)]
    public ImmutableDictionary<string, string> Properties { get; } = values;

    public bool Equals(GrainProperties? other) => other is not null && PropertySet.Equal(Properties, other.Properties);

    public override bool Equals(object? obj) => Equals(obj as GrainProperties);

    public override int GetHashCode() => PropertySet.Hash(Properties);

    /// <summary>One property a line, ordered by name.</summary>
    public string ToDetailedString() => PropertySet.Text(Properties);
}

/// <summary>What the cluster knows of a grain interface. Equal when every property is.</summary>
[GenerateSerializer]
[Immutable]
public sealed class GrainInterfaceProperties(ImmutableDictionary<string, string> values) : IEquatable<GrainInterfaceProperties>
{
    [Id(0)]
    public ImmutableDictionary<string, string> Properties { get; } = values;

    public bool Equals(GrainInterfaceProperties? other) => other is not null && PropertySet.Equal(Properties, other.Properties);

    public override bool Equals(object? obj) => Equals(obj as GrainInterfaceProperties);

    public override int GetHashCode() => PropertySet.Hash(Properties);

    /// <summary>One property a line, ordered by name.</summary>
    public string ToDetailedString() => PropertySet.Text(Properties);
}

internal static class PropertySet
{
    internal static bool Equal(ImmutableDictionary<string, string> left, ImmutableDictionary<string, string> right)
    {
        if (left.Count != right.Count)
            return false;
        foreach (var (name, value) in left)
        {
            if (!right.TryGetValue(name, out var other) || !string.Equals(value, other, StringComparison.Ordinal))
                return false;
        }

        return true;
    }

    internal static int Hash(ImmutableDictionary<string, string> properties)
    {
        var hash = properties.Count;
        foreach (var (name, value) in properties)
            hash ^= HashCode.Combine(name, value); // commutative: a dictionary has no order
        return hash;
    }

    internal static string Text(ImmutableDictionary<string, string> properties) =>
        string.Join('\n', properties.OrderBy(property => property.Key, StringComparer.Ordinal).Select(property => $"{property.Key} = {property.Value}"));
}
