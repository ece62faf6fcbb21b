namespace Granary.Generators.Model;

/// <summary>One field of a message: a member of a serialized type, or an argument of a method.</summary>
internal sealed record FieldModel
{
    public required int Number { get; init; }

    /// <summary>The C# identifier, escaped where it is a keyword.</summary>
    public required string Name { get; init; }

    public required string JsonName { get; init; }

    public required TypeModel Type { get; init; }

    /// <summary>Whether JSON must hold it.</summary>
    public bool Required { get; init; }

    /// <summary>The C# literal that an absent JSON value stands for; null for the type's default.</summary>
    public string? Default { get; init; }

    /// <summary>The default as JSON text, or null.</summary>
    public string? DefaultJson { get; init; }

    /// <summary>Written even when it is the type's default, because an absent one means <see cref="Default"/>.</summary>
    public bool TracksPresence { get; init; }

    /// <summary>Marked <c>[Immutable]</c>: never copied.</summary>
    public bool Shared { get; init; }

    public bool IsKey { get; init; }

    /// <summary>The position in the constructor, or -1.</summary>
    public int ConstructorIndex { get; init; } = -1;

    /// <summary>Whether it stands in the object initializer.</summary>
    public bool InInitializer { get; init; }

    /// <summary>Whether its declaration has an initial value, which JSON without the property keeps.</summary>
    public bool HasInitialValue { get; init; }

    /// <summary>For an <c>Immutable&lt;T&gt;</c> argument, that type; <see cref="Type"/> is T.</summary>
    public string? Wrapper { get; init; }

    public string? Summary { get; init; }

    public string? Deprecated { get; init; }

    public bool MustCopy => !Shared && !Type.Immutable;
}

/// <summary>One sub-type of a union.</summary>
internal sealed record UnionCaseModel(int Number, string Name, TypeModel Type);

/// <summary>One serialized type.</summary>
internal sealed record MessageModel
{
    public required string TypeName { get; init; }

    /// <summary>The C# name without namespace, for messages to people.</summary>
    public required string DisplayName { get; init; }

    public required string CodecName { get; init; }

    public required string Package { get; init; }

    public required string Name { get; init; }

    public string? Summary { get; init; }

    public bool IsValueType { get; init; }

    public bool IsImmutable { get; init; }

    /// <summary>A class that others may derive from: what is written must be exactly this type.</summary>
    public bool MayBeDerived { get; init; }

    /// <summary>Whether a value may hold another of its own type, so that its depth has no bound.</summary>
    public bool IsRecursive { get; init; }

    public EquatableArray<FieldModel> Fields { get; init; }

    public EquatableArray<UnionCaseModel> Cases { get; init; }

    public bool IsUnion => Cases.Count > 0;

    public string FullName => Package.Length == 0 ? Name : Package + "." + Name;
}

/// <summary>A serialized type and the closed generic types it mentions, each of which needs its own codec.</summary>
/// <param name="Message">Null for a generic definition, and after a problem.</param>
/// <param name="Closed">The closed generic types.</param>
/// <param name="Broken">The codecs that are not generated, because of problems.</param>
internal sealed record MessageRoot(MessageModel? Message, EquatableArray<MessageModel> Closed, EquatableArray<string> Broken);
