namespace Orleans.Runtime;

/// <summary>The name of a grain interface in the cluster.</summary>
[Immutable]
public readonly struct GrainInterfaceType : IEquatable<GrainInterfaceType>, ISpanFormattable
{
    public GrainInterfaceType(string value) => Value = IdSpan.Create(value);

    public GrainInterfaceType(IdSpan value) => Value = value;

    /// <summary>The UTF-8 name.</summary>
    public IdSpan Value { get; }

    public bool IsDefault => Value.IsDefault;

    /// <summary>Makes an interface type from its name.</summary>
    public static GrainInterfaceType Create(string value) => new(value);

    public bool Equals(GrainInterfaceType other) => Value.Equals(other.Value);

    public override bool Equals(object? obj) => obj is GrainInterfaceType other && Equals(other);

    public override int GetHashCode() => Value.GetHashCode();

    public override string ToString() => Value.ToString();

    bool ISpanFormattable.TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        Value.TryFormat(destination, out charsWritten);

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();

    public static bool operator ==(GrainInterfaceType left, GrainInterfaceType right) => left.Equals(right);

    public static bool operator !=(GrainInterfaceType left, GrainInterfaceType right) => !left.Equals(right);
}
