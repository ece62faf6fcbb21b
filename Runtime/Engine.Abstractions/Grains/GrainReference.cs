using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>
/// A reference to a grain: its identity and the interface it is called through. Two references are equal when their grains are.
/// Thread-safe and cheap to keep.
/// </summary>
public class GrainReference : IAddressable, IEquatable<GrainReference>, ISpanFormattable
{
    // The engine's proxies derive from this through an assembly that sees internals; nobody else can.
    internal GrainReference(GrainId grainId, GrainInterfaceType interfaceType)
    {
        GrainId = grainId;
        InterfaceType = interfaceType;
    }

    public GrainId GrainId { get; }

    public GrainInterfaceType InterfaceType { get; }

    public virtual string InterfaceName => InterfaceType.ToString();

    /// <summary>The <c>[Version]</c> of the interface, 0 when it has none.</summary>
    public ushort InterfaceVersion => InterfaceVersionCore;

    internal virtual ushort InterfaceVersionCore => 0;

    /// <summary>The same grain through another of its interfaces.</summary>
    /// <exception cref="InvalidCastException">There is no generated proxy for that interface.</exception>
    public virtual TGrainInterface Cast<TGrainInterface>()
        where TGrainInterface : IAddressable =>
        this is TGrainInterface already ? already : (TGrainInterface)Cast(typeof(TGrainInterface));

    /// <summary>As <see cref="Cast{T}"/>; a bound reference overrides it.</summary>
    internal virtual object Cast(Type interfaceType) =>
        interfaceType.IsInstanceOfType(this) ? this : throw new GrainReferenceNotBoundException(this);

    /// <summary>A hash which is the same in every process.</summary>
    public uint GetUniformHashCode() => GrainId.GetUniformHashCode();

    public bool Equals([NotNullWhen(true)] GrainReference? other) => other is not null && GrainId.Equals(other.GrainId);

    public override bool Equals(object? obj) => Equals(obj as GrainReference);

    public override int GetHashCode() => GrainId.GetHashCode();

    public sealed override string ToString() => $"GrainReference:{GrainId}:{InterfaceType}";

    bool ISpanFormattable.TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        destination.TryWrite($"GrainReference:{GrainId}:{InterfaceType}", out charsWritten);

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();

    public static bool operator ==(GrainReference? reference1, GrainReference? reference2) =>
        reference1 is null ? reference2 is null : reference1.Equals(reference2);

    public static bool operator !=(GrainReference? reference1, GrainReference? reference2) => !(reference1 == reference2);
}
