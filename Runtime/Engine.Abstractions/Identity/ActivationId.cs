using System.Globalization;
using System.Text.Json.Serialization;

namespace Orleans.Runtime;

/// <summary>The identity of one activation of a grain: a second activation of the same grain has another.</summary>
[Immutable]
[JsonConverter(typeof(ActivationIdConverter))]
public readonly struct ActivationId : IEquatable<ActivationId>, ISpanFormattable
{
    private readonly Guid _key;

    public ActivationId(Guid key) => _key = key;

    public bool IsDefault => _key == Guid.Empty;

    /// <summary>A fresh, random id.</summary>
    public static ActivationId NewId() => new(Guid.NewGuid());

    /// <summary>The same id for the same grain, in every process.</summary>
    public static ActivationId GetDeterministic(GrainId grain)
    {
        Span<byte> bytes = stackalloc byte[16];
        BitConverter.TryWriteBytes(bytes, grain.Type.GetUniformHashCode());
        BitConverter.TryWriteBytes(bytes[4..], grain.Key.GetUniformHashCode());
        BitConverter.TryWriteBytes(bytes[8..], grain.GetUniformHashCode());
        BitConverter.TryWriteBytes(bytes[12..], grain.Key.Value.Length);
        return new ActivationId(new Guid(bytes));
    }

    /// <summary>Reads what <see cref="ToParsableString"/> wrote.</summary>
    /// <exception cref="FormatException">The text is not an activation id.</exception>
    public static ActivationId FromParsableString(string activationId)
    {
        ArgumentNullException.ThrowIfNull(activationId);
        if (activationId.Length > 0 && activationId[0] == '@' && Guid.TryParseExact(activationId.AsSpan(1), "N", out var key))
            return new ActivationId(key);
        throw new FormatException($"'{activationId}' is not an activation id. It is '@' and 32 hexadecimal digits.");
    }

    public string ToParsableString() => ToString();

    public bool Equals(ActivationId other) => _key == other._key;

    public override bool Equals(object? obj) => obj is ActivationId other && Equals(other);

    public override int GetHashCode() => _key.GetHashCode();

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"@{_key:N}");

    bool ISpanFormattable.TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        destination.TryWrite(CultureInfo.InvariantCulture, $"@{_key:N}", out charsWritten);

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();

    public static bool operator ==(ActivationId left, ActivationId right) => left.Equals(right);

    public static bool operator !=(ActivationId left, ActivationId right) => !left.Equals(right);
}
