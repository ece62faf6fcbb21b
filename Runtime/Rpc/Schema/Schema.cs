namespace Granary.Schema;

/// <summary>The kinds of a value in the one schema: protobuf scalars, well-known types, and named types.</summary>
public enum SchemaKind
{
    Bool, Int32, Int64, UInt32, UInt64, Float, Double, String, Bytes,

    /// <summary><c>google.protobuf.Timestamp</c>; from DateTime and DateTimeOffset.</summary>
    Timestamp,

    /// <summary><c>google.protobuf.Duration</c>; from TimeSpan.</summary>
    Duration,

    /// <summary>A string in protobuf, <c>format: uuid</c> in OpenAPI.</summary>
    Guid,

    /// <summary>A string in protobuf, a number in JSON.</summary>
    Decimal,

    Enum,
    Message,
}

/// <summary>The type of a field, element, argument or result.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Message">The message, for <see cref="SchemaKind.Message"/>; a function because messages may be recursive.</param>
/// <param name="Enum">The enum, for <see cref="SchemaKind.Enum"/>.</param>
/// <param name="Label">Single, optional (presence tracked), repeated or map.</param>
/// <param name="MapKey">The key's kind, for maps.</param>
public sealed record SchemaType(SchemaKind Kind, Func<MessageSchema>? Message = null, EnumSchema? Enum = null, SchemaLabel Label = SchemaLabel.Single, SchemaKind MapKey = SchemaKind.String);

/// <summary>How many values a field holds.</summary>
public enum SchemaLabel
{
    Single,
    Optional,
    Repeated,
    Map,
}

/// <summary>One message.</summary>
public sealed record MessageSchema
{
    /// <summary>The protobuf package; empty for well-known types, whose <see cref="Name"/> is the full name.</summary>
    public required string Package { get; init; }

    /// <summary>The name within the package, for example <c>MultiplyRequest</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The fields, by number.</summary>
    public required IReadOnlyList<FieldSchema> Fields { get; init; }

    /// <summary>The numbers and names that earlier builds used (<c>contracts.lock</c>) and that nothing else may have.</summary>
    public IReadOnlyList<ReservedSchema> Reserved { get; init; } = [];

    /// <summary>Whether the fields are the cases of one <c>oneof</c> (a <see cref="Rpc.UnionAttribute"/> base type).</summary>
    public bool IsUnion { get; init; }

    /// <summary>The documentation summary, or null.</summary>
    public string? Summary { get; init; }

    /// <summary><c>google.protobuf.Empty</c>.</summary>
    public static MessageSchema Empty { get; } = new() { Package = "google.protobuf", Name = "Empty", Fields = [] };

    public string FullName => Package.Length == 0 ? Name : $"{Package}.{Name}";
}

/// <summary>One field of a message.</summary>
/// <param name="Number">The protobuf field number.</param>
/// <param name="Name">The C# name of the property or parameter in camelCase: the JSON name. Protobuf text uses its snake_case form.</param>
/// <param name="Type">The type.</param>
public sealed record FieldSchema(int Number, string Name, SchemaType Type)
{
    /// <summary>Whether JSON must hold it: no default, not nullable.</summary>
    public bool Required { get; init; }

    /// <summary>Whether this is the grain's key, which HTTP takes from the address.</summary>
    public bool IsKey { get; init; }

    /// <summary>Whether this is the item that a message of the caller's stream carries beside the key and the arguments.</summary>
    public bool IsItem { get; init; }

    /// <summary>The default as JSON text, or null.</summary>
    public string? Default { get; init; }

    /// <summary>The documentation summary, or null.</summary>
    public string? Summary { get; init; }

    /// <summary>The message of <c>[Obsolete]</c>, or null.</summary>
    public string? Deprecated { get; init; }
}

/// <summary>One enum. Names are those of C#; protobuf text prefixes and upper-snakes them.</summary>
public sealed record EnumSchema(string Package, string Name, IReadOnlyList<EnumValueSchema> Values)
{
    /// <summary>The numbers and names that earlier builds used (<c>contracts.lock</c>) and that nothing else may have.</summary>
    public IReadOnlyList<ReservedSchema> Reserved { get; init; } = [];

    public string FullName => $"{Package}.{Name}";
}

/// <summary>A field or an enum value that was removed.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Name">Its name, as it was in C# (for fields, in camelCase).</param>
public sealed record ReservedSchema(int Number, string Name);

/// <summary>One value of an enum.</summary>
public sealed record EnumValueSchema(string Name, int Number);
