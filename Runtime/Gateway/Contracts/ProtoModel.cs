using Granary.Schema;

namespace Granary.Gateway.Contracts;

/// <summary>One <c>.proto</c> file: everything of one package.</summary>
/// <param name="Name">The name by which others import it, for example <c>granary/samples/v1.proto</c>.</param>
/// <param name="Package">The package, for example <c>granary.samples.v1</c>.</param>
/// <param name="Imports">The names of the files whose types it uses, sorted.</param>
/// <param name="Services">The services, by name.</param>
/// <param name="Messages">The messages, in the order in which services mention them.</param>
/// <param name="Enums">The enums, in the same order.</param>
internal sealed record ProtoFile(
    string Name, string Package, IReadOnlyList<string> Imports, IReadOnlyList<ProtoService> Services, IReadOnlyList<ProtoMessage> Messages, IReadOnlyList<ProtoEnum> Enums);

/// <summary>What stands above a definition: its summary, and whether it is on its way out.</summary>
internal sealed record ProtoComment(IReadOnlyList<string> Lines, bool IsDeprecated)
{
    public static ProtoComment None { get; } = new([], false);

    /// <summary>From a contract's documentation.</summary>
    public static ProtoComment Of(string? summary, string? deprecated = null, DateOnly? sunset = null, params IEnumerable<string> more)
    {
        var lines = new List<string>();
        if (summary is not null) lines.AddRange(summary.Split('\n').Select(l => l.TrimEnd()));
        lines.AddRange(more);
        if (deprecated is not null) lines.Add(deprecated.Length == 0 ? "Deprecated." : $"Deprecated: {deprecated.ReplaceLineEndings(" ")}");
        if (sunset is { } day) lines.Add($"Sunset: {day:yyyy-MM-dd}.");
        return new ProtoComment(lines, deprecated is not null);
    }
}

/// <summary>One service.</summary>
internal sealed record ProtoService(string Name, ProtoComment Comment, IReadOnlyList<ProtoMethod> Methods);

/// <summary>One method; the types are full names.</summary>
internal sealed record ProtoMethod(string Name, ProtoComment Comment, string Input, string Output, bool ClientStreams, bool ServerStreams, ProtoIdempotency Idempotency);

/// <summary>What repeating a call does: <c>MethodOptions.IdempotencyLevel</c> of descriptor.proto, by its numbers.</summary>
internal enum ProtoIdempotency
{
    Unknown = 0,
    NoSideEffects = 1,
    Idempotent = 2,
}

/// <summary>One message; with <paramref name="OneOf"/>, all its fields are the cases of the oneof of that name.</summary>
internal sealed record ProtoMessage(string Name, ProtoComment Comment, IReadOnlyList<ProtoField> Fields, string? OneOf, IReadOnlyList<ReservedSchema> Reserved);

/// <summary>One field.</summary>
/// <param name="Name">The name in the file, in snake_case.</param>
/// <param name="JsonName">The name in JSON.</param>
/// <param name="Number">The number.</param>
/// <param name="Type">The type of the value; for maps, of the entry's value.</param>
/// <param name="Label">Single, optional (with presence that the type has not got by itself), repeated or map.</param>
/// <param name="MapKey">The type of a map's key.</param>
/// <param name="Comment">The comment above it.</param>
internal sealed record ProtoField(string Name, string JsonName, int Number, ProtoType Type, SchemaLabel Label, ProtoType? MapKey, ProtoComment Comment);

/// <summary>A type by its keyword or full name, and its number in <c>FieldDescriptorProto.Type</c>.</summary>
internal sealed record ProtoType(string Name, int Number)
{
    public const int Message = 11;
    public const int Enum = 14;

    public bool IsNamed => Number is Message or Enum;
}

/// <summary>One enum; its first value is 0.</summary>
internal sealed record ProtoEnum(string Name, IReadOnlyList<EnumValueSchema> Values, IReadOnlyList<ReservedSchema> Reserved)
{
    public bool HasAliases => Values.Select(v => v.Number).Distinct().Count() < Values.Count;
}
