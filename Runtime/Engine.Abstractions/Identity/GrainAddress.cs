namespace Orleans.Runtime;

/// <summary>Where a grain is active: the grain, the activation and the silo that holds it.</summary>
[Immutable]
public sealed class GrainAddress : IEquatable<GrainAddress>, ISpanFormattable
{
    public GrainId GrainId { get; init; }

    public ActivationId ActivationId { get; init; }

    public SiloAddress? SiloAddress { get; init; }

    /// <summary>The version of the member list under which the activation was registered.</summary>
    public MembershipVersion MembershipVersion { get; init; } = MembershipVersion.MinValue;

    /// <summary>True when no part is missing.</summary>
    public bool IsComplete => !GrainId.IsDefault && !ActivationId.IsDefault && SiloAddress is not null;

    /// <summary>Equal but for <see cref="MembershipVersion"/>; a default <see cref="ActivationId"/> on either side fits any.</summary>
    public bool Matches(GrainAddress? other) =>
        other is not null
        && GrainId == other.GrainId
        && Equals(SiloAddress, other.SiloAddress)
        && (ActivationId.IsDefault || other.ActivationId.IsDefault || ActivationId == other.ActivationId);

    public bool Equals(GrainAddress? other) =>
        ReferenceEquals(this, other)
        || (other is not null
            && GrainId == other.GrainId
            && ActivationId == other.ActivationId
            && MembershipVersion == other.MembershipVersion
            && Equals(SiloAddress, other.SiloAddress));

    public override bool Equals(object? obj) => Equals(obj as GrainAddress);

    public override int GetHashCode() => HashCode.Combine(SiloAddress, GrainId, ActivationId);

    public override string ToString() => $"[{SiloAddress} {GrainId} {ActivationId}]";

    /// <summary>As <see cref="ToString"/>, with the membership version.</summary>
    public string ToFullString() => $"[{SiloAddress} {GrainId} {ActivationId} membership version {MembershipVersion}]";

    bool ISpanFormattable.TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        destination.TryWrite($"[{SiloAddress} {GrainId} {ActivationId}]", out charsWritten);

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();
}
