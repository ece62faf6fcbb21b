using System.Reflection;
using Orleans;

namespace Granary.Codec;

/// <summary>How C# names read in protobuf text, by its style guide.</summary>
public static partial class ProtoNames
{
    /// <summary>The name of an enum in the schema: of its <c>[Alias]</c>, or of C#, with those of the types around it.</summary>
    public static string Enum(Type type)
    {
        var alias = type.GetCustomAttribute<AliasAttribute>()?.Alias;
        if (alias is { Length: > 0 } && alias[0] != '.' && alias.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_')) return alias[(alias.LastIndexOf('.') + 1)..];
        var name = type.Name;
        for (var outer = type.DeclaringType; outer is not null; outer = outer.DeclaringType) name = $"{outer.Name}_{name}";
        return name;
    }
}
