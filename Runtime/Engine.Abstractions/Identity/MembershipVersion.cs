using System.Globalization;
using System.Text.Json.Serialization;

namespace Orleans.Runtime;

/// <summary>The version of the cluster's member list: it grows with every change.</summary>
[Immutable]
[JsonConverter(typeof(MembershipVersionConverter))]
public readonly struct MembershipVersion : IComparable<MembershipVersion>, IEquatable<MembershipVersion>, ISpanFormattable
{
    public MembershipVersion(long version) => Value = version;

    public long Value { get; init; }

    /// <summary>Less than every version a cluster can have.</summary>
    public static MembershipVersion MinValue => new(long.MinValue);

    public int CompareTo(MembershipVersion other) => Value.CompareTo(other.Value);

    public bool Equals(MembershipVersion other) => Value == other.Value;

    public override bool Equals(object? obj) => obj is MembershipVersion other && Equals(other);

    public override int GetHashCode() => Value.GetHashCode();

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    bool ISpanFormattable.TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        Value.TryFormat(destination, out charsWritten, format, CultureInfo.InvariantCulture);

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();

    public static bool operator ==(MembershipVersion left, MembershipVersion right) => left.Value == right.Value;

    public static bool operator !=(MembershipVersion left, MembershipVersion right) => left.Value != right.Value;

    public static bool operator >(MembershipVersion left, MembershipVersion right) => left.Value > right.Value;

    public static bool operator >=(MembershipVersion left, MembershipVersion right) => left.Value >= right.Value;

    public static bool operator <(MembershipVersion left, MembershipVersion right) => left.Value < right.Value;

    public static bool operator <=(MembershipVersion left, MembershipVersion right) => left.Value <= right.Value;
}
