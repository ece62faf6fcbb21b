using System.Text;

namespace Orleans.Runtime;

/// <summary>
/// An immutable string of UTF-8 bytes with its stable hash: the building block of <see cref="GrainId"/>.
/// Equality is by content; the default value holds no bytes. The array given to a constructor must not be changed afterwards.
/// </summary>
[Immutable]
public readonly struct IdSpan : IEquatable<IdSpan>, IComparable<IdSpan>, ISpanFormattable
{
    private readonly byte[]? _value;
    private readonly int _hashCode;

    /// <summary>Takes ownership of <paramref name="value"/>.</summary>
    public IdSpan(byte[] value)
    {
        ArgumentNullException.ThrowIfNull(value);
        _value = value;
        _hashCode = (int)StableHash.ComputeHash(value);
    }

    private IdSpan(byte[]? value, int hashCode)
    {
        _value = value;
        _hashCode = hashCode;
    }

    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Value => _value;

    /// <summary>True when there are no bytes.</summary>
    public bool IsDefault => _value is null || _value.Length == 0;

    /// <summary>The UTF-8 bytes of <paramref name="id"/>.</summary>
    public static IdSpan Create(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return new IdSpan(Encoding.UTF8.GetBytes(id));
    }

    /// <summary>Adopts bytes whose hash is known already. A wrong hash breaks equality.</summary>
    public static IdSpan UnsafeCreate(byte[]? value, int hashCode) => new(value, hashCode);

    /// <summary>The array itself, not a copy. It must not be changed.</summary>
    public static byte[]? UnsafeGetArray(IdSpan id) => id._value;

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> AsSpan() => _value;

    /// <summary>A hash which is the same in every process.</summary>
    public uint GetUniformHashCode() => (uint)_hashCode;

    public bool Equals(IdSpan obj) =>
        _hashCode == obj._hashCode && (ReferenceEquals(_value, obj._value) || AsSpan().SequenceEqual(obj.AsSpan()));

    public override bool Equals(object? obj) => obj is IdSpan other && Equals(other);

    public override int GetHashCode() => _hashCode;

    /// <summary>Orders by bytes.</summary>
    public int CompareTo(IdSpan other) => AsSpan().SequenceCompareTo(other.AsSpan());

    public override string ToString() => _value is null ? "" : Encoding.UTF8.GetString(_value);

    /// <summary>Writes the text form; false when <paramref name="destination"/> is too short.</summary>
    public bool TryFormat(Span<char> destination, out int charsWritten) => Encoding.UTF8.TryGetChars(AsSpan(), destination, out charsWritten);

    bool ISpanFormattable.TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        TryFormat(destination, out charsWritten);

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();

    public static bool operator ==(IdSpan left, IdSpan right) => left.Equals(right);

    public static bool operator !=(IdSpan left, IdSpan right) => !left.Equals(right);
}
