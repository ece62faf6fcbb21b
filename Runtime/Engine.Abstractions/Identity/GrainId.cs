using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Orleans.Runtime;

/// <summary>
/// The identity of a grain: its type and its key. The text form is <c>type/key</c>; a type holds no slash, a key may.
/// Comparing and hashing touch no bytes unless the hashes agree.
/// </summary>
[Immutable]
[JsonConverter(typeof(GrainIdJsonConverter))]
public readonly struct GrainId : IEquatable<GrainId>, IComparable<GrainId>, ISpanFormattable, ISpanParsable<GrainId>
{
    public GrainId(GrainType type, IdSpan key)
    {
        Type = type;
        Key = key;
    }

    public GrainType Type { get; }

    public IdSpan Key { get; }

    public bool IsDefault => Type.IsDefault && Key.IsDefault;

    public static GrainId Create(string type, string key) => Create(GrainType.Create(type), key);

    public static GrainId Create(GrainType type, string key) => new(type, IdSpan.Create(key));

    public static GrainId Create(GrainType type, IdSpan key) => new(type, key);

    /// <exception cref="FormatException">The text is not <c>type/key</c>.</exception>
    public static GrainId Parse(string value) => Parse(value, null);

    /// <inheritdoc cref="Parse(string)"/>
    public static GrainId Parse(string value, IFormatProvider? provider = null)
    {
        ArgumentNullException.ThrowIfNull(value);
        return Parse(value.AsSpan(), provider);
    }

    /// <inheritdoc cref="Parse(string)"/>
    public static GrainId Parse(ReadOnlySpan<char> value, IFormatProvider? provider = null) =>
        TryParse(value, provider, out var id) ? id : throw new FormatException($"'{value}' is not a grain id. Write 'type/key', for example 'calculator/main'.");

    public static bool TryParse([NotNullWhen(true)] string? value, out GrainId result) => TryParse(value.AsSpan(), null, out result);

    public static bool TryParse([NotNullWhen(true)] string? value, IFormatProvider? provider, out GrainId result) => TryParse(value.AsSpan(), provider, out result);

    public static bool TryParse(ReadOnlySpan<char> value, IFormatProvider? provider, out GrainId result)
    {
        var slash = value.IndexOf('/');
        if (slash <= 0)
        {
            result = default;
            return false;
        }

        result = Create(value[..slash].ToString(), value[(slash + 1)..].ToString());
        return true;
    }

    /// <summary>A hash which is the same in every process.</summary>
    public uint GetUniformHashCode() => unchecked((Type.GetUniformHashCode() * 31) + Key.GetUniformHashCode());

    public bool Equals(GrainId other) => Key.Equals(other.Key) && Type.Equals(other.Type);

    public override bool Equals(object? obj) => obj is GrainId other && Equals(other);

    public override int GetHashCode() => (int)GetUniformHashCode();

    public int CompareTo(GrainId other)
    {
        var byType = Type.CompareTo(other.Type);
        return byType != 0 ? byType : Key.CompareTo(other.Key);
    }

    public override string ToString() => $"{Type}/{Key}";

    bool ISpanFormattable.TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        destination.TryWrite($"{Type}/{Key}", out charsWritten);

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();

    public static bool operator ==(GrainId left, GrainId right) => left.Equals(right);

    public static bool operator !=(GrainId left, GrainId right) => !left.Equals(right);
}
