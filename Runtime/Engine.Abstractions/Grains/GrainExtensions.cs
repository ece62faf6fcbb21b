using Orleans.Runtime;

namespace Orleans;

/// <summary>What can be asked of a grain or of a reference to one. All of it throws <see cref="ArgumentException"/> for anything else.</summary>
public static class GrainExtensions
{
    /// <summary>A reference to this grain through <typeparamref name="TGrainInterface"/>, safe to hand to others.</summary>
    public static TGrainInterface AsReference<TGrainInterface>(this IAddressable grain)
    {
        var reference = ReferenceOf(grain);
        return reference is TGrainInterface already ? already : (TGrainInterface)reference.Cast(typeof(TGrainInterface));
    }

    /// <inheritdoc cref="AsReference{T}(IAddressable)"/>
    public static object AsReference(this IAddressable grain, Type interfaceType)
    {
        ArgumentNullException.ThrowIfNull(interfaceType);
        var reference = ReferenceOf(grain);
        return interfaceType.IsInstanceOfType(reference) ? reference : reference.Cast(interfaceType);
    }

    /// <summary>The same grain through another of its interfaces.</summary>
    public static TGrainInterface Cast<TGrainInterface>(this IAddressable grain) => grain.AsReference<TGrainInterface>();

    /// <inheritdoc cref="Cast{T}(IAddressable)"/>
    public static object Cast(this IAddressable grain, Type interfaceType) => grain.AsReference(interfaceType);

    public static GrainId GetGrainId(this IAddressable grain) =>
        grain switch
        {
            null => throw new ArgumentNullException(nameof(grain)),
            GrainReference reference when !reference.GrainId.IsDefault => reference.GrainId,
            GrainReference reference => throw new GrainReferenceNotBoundException(reference),
            IGrainBase { GrainContext: { } context } => context.GrainId,
            _ => throw NoGrain(grain),
        };

    /// <summary>True when the key is an integer, with or without an extension.</summary>
    public static bool IsPrimaryKeyBasedOnLong(this IAddressable grain)
    {
        var id = grain.GetGrainId();
        // 32 hexadecimal digits are a GUID; an integer has at most 16.
        return id.TryGetIntegerKey(out _, out _);
    }

    public static long GetPrimaryKeyLong(this IAddressable grain) => grain.GetGrainId().GetIntegerKey();

    /// <param name="grain">A grain with an integer compound key.</param>
    /// <param name="keyExt">The string part of the key, null when there is none.</param>
    public static long GetPrimaryKeyLong(this IAddressable grain, out string? keyExt) => grain.GetGrainId().GetIntegerKey(out keyExt);

    public static Guid GetPrimaryKey(this IAddressable grain) => grain.GetGrainId().GetGuidKey();

    /// <param name="grain">A grain with a GUID compound key.</param>
    /// <param name="keyExt">The string part of the key, null when there is none.</param>
    public static Guid GetPrimaryKey(this IAddressable grain, out string? keyExt) => grain.GetGrainId().GetGuidKey(out keyExt);

    public static string GetPrimaryKeyString(this IAddressable grain) => grain.GetGrainId().Key.ToString();

    private static GrainReference ReferenceOf(IAddressable grain) =>
        grain switch
        {
            null => throw new ArgumentNullException(nameof(grain)),
            GrainReference reference => reference,
            IGrainBase { GrainContext: { } context } => context.GrainReference,
            IGrainObserver => throw new ArgumentException(
                $"{grain.GetType().Name} is an observer object. Make a reference to it with IGrainFactory.CreateObjectReference.", nameof(grain)),
            _ => throw NoGrain(grain),
        };

    private static ArgumentException NoGrain(IAddressable grain) =>
        new($"{grain.GetType().Name} is neither a grain reference nor a grain made by the engine. A grain class derives from Grain or implements IGrainBase.", nameof(grain));
}
