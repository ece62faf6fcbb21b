namespace Orleans.Runtime;

/// <summary>The name of a grain class in the cluster, for example <c>calculator</c>: the first half of a <see cref="GrainId"/>.</summary>
[Immutable]
public readonly struct GrainType : IEquatable<GrainType>, IComparable<GrainType>, ISpanFormattable
{
    public GrainType(IdSpan id) => Value = id;

    /// <summary>Takes ownership of <paramref name="value"/>, which is UTF-8.</summary>
    public GrainType(byte[] value) => Value = new IdSpan(value);

    /// <summary>The UTF-8 name.</summary>
    public IdSpan Value { get; }

    public bool IsDefault => Value.IsDefault;

    /// <summary>Makes a grain type from its name.</summary>
    public static GrainType Create(string value) => new(IdSpan.Create(value));

    /// <summary>The array itself, not a copy. It must not be changed.</summary>
    public static byte[]? UnsafeGetArray(GrainType id) => IdSpan.UnsafeGetArray(id.Value);

    public ReadOnlySpan<byte> AsSpan() => Value.AsSpan();

    /// <summary>A hash which is the same in every process.</summary>
    public uint GetUniformHashCode() => Value.GetUniformHashCode();

    public bool Equals(GrainType obj) => Value.Equals(obj.Value);

    public override bool Equals(object? obj) => obj is GrainType other && Equals(other);

    public override int GetHashCode() => Value.GetHashCode();

    public int CompareTo(GrainType other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString();

    bool ISpanFormattable.TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        Value.TryFormat(destination, out charsWritten);

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();

    public static explicit operator IdSpan(GrainType kind) => kind.Value;

    public static explicit operator GrainType(IdSpan id) => new(id);

    public static bool operator ==(GrainType left, GrainType right) => left.Equals(right);

    public static bool operator !=(GrainType left, GrainType right) => !left.Equals(right);
}
