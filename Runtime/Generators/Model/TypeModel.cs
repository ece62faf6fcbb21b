namespace Granary.Generators.Model;

/// <summary>How a value stands on the wire.</summary>
internal enum Shape
{
    Scalar,
    Enum,
    Message,
    List,
    Map,

    /// <summary>A grain reference or an observer.</summary>
    Reference,

    /// <summary>An <c>RpcStream&lt;T&gt;</c> argument; <see cref="TypeModel.Element"/> is T.</summary>
    Stream,
}

internal enum Scalar
{
    Bool, Char, SByte, Byte, Int16, UInt16, Int32, UInt32, Int64, UInt64, Float, Double, Decimal, String,
    Guid, DateTime, DateTimeOffset, TimeSpan, DateOnly, TimeOnly, Bytes, Memory, GrainId,
}

/// <summary>The C# type that holds a list or a map.</summary>
internal enum Container
{
    None,
    Array,
    List,
    ListInterface,
    ReadOnlyListInterface,
    HashSet,
    ImmutableArray,
    ImmutableList,
    Dictionary,
    DictionaryInterface,
    ReadOnlyDictionaryInterface,
    ImmutableDictionary,
}

/// <summary>The type of a field, argument, element or result.</summary>
internal sealed record TypeModel
{
    /// <summary>The C# type with <c>global::</c> and inner nullable annotations, without its own <c>?</c>.</summary>
    public required string Name { get; init; }

    public required Shape Shape { get; init; }

    /// <summary>For scalars; for enums, the underlying type.</summary>
    public Scalar Scalar { get; init; }

    /// <summary>Whether null is a value of it: <c>int?</c>, <c>string?</c>, <c>Order?</c>.</summary>
    public bool Nullable { get; init; }

    public bool IsValueType { get; init; }

    /// <summary>Whether sharing the object is the same as copying it.</summary>
    public bool Immutable { get; init; }

    public Container Container { get; init; }

    public TypeModel? Key { get; init; }

    public TypeModel? Element { get; init; }

    public EnumModel? Enum { get; init; }

    public MessageReference? Message { get; init; }

    /// <summary>The type as declared, with its <c>?</c>.</summary>
    public string Declared => Nullable ? Name + "?" : Name;

    /// <summary>The type to declare a variable with before there is a value.</summary>
    public string Maybe => IsValueType && !Nullable ? Name : Name + "?";

    /// <summary>Whether a list of these is one packed field.</summary>
    public bool IsPackable => Shape is Shape.Enum || (Shape is Shape.Scalar && Scalar is not (Scalar.String or Scalar.Bytes or Scalar.Memory or Scalar.Guid or Scalar.Decimal
        or Scalar.DateTime or Scalar.DateTimeOffset or Scalar.TimeSpan or Scalar.DateOnly or Scalar.TimeOnly or Scalar.GrainId));

    /// <summary>The protobuf wire type of one value: 0 varint, 1 64 bits, 2 length-delimited, 5 32 bits.</summary>
    public uint WireType => Shape switch
    {
        Shape.Enum => 0,
        Shape.Scalar => Scalar switch
        {
            Scalar.Double => 1,
            Scalar.Float => 5,
            _ => IsPackable ? 0u : 2u,
        },
        _ => 2,
    };
}

/// <summary>An enum of the schema.</summary>
/// <param name="Package">The protobuf package.</param>
/// <param name="Name">The name within the package.</param>
/// <param name="Values">The values, in order of declaration.</param>
/// <param name="IsLocal">Whether this assembly declares it.</param>
internal sealed record EnumModel(string Package, string Name, EquatableArray<EnumValueModel> Values, bool IsLocal);

internal sealed record EnumValueModel(string Name, int Number);

/// <summary>What a user of a message needs to know of it.</summary>
/// <param name="Codec">The C# expression of its codec.</param>
/// <param name="Package">The protobuf package.</param>
/// <param name="Name">The protobuf name within the package.</param>
/// <param name="HasEmpty">Whether an absent one reads as an empty one (else as null): it has no endless chain of such fields.</param>
internal sealed record MessageReference(string Codec, string Package, string Name, bool HasEmpty);
