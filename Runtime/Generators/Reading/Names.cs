using System.Text;
using Microsoft.CodeAnalysis;

namespace Granary.Generators.Reading;

/// <summary>The metadata names that contracts are recognised by, and how names are made from names.</summary>
internal static class Names
{
    public const string GenerateSerializer = "Orleans.GenerateSerializerAttribute";
    public const string Id = "Orleans.IdAttribute";
    public const string Alias = "Orleans.AliasAttribute";
    public const string Immutable = "Orleans.ImmutableAttribute";
    public const string ConcurrencyImmutable = "Orleans.Concurrency.ImmutableAttribute";
    public const string Union = "Granary.Rpc.UnionAttribute";
    public const string RpcService = "Granary.Rpc.RpcServiceAttribute";
    public const string RpcMethod = "Granary.Rpc.RpcMethodAttribute";
    public const string RpcKey = "Granary.Rpc.RpcKeyAttribute";
    public const string RpcAuthorize = "Granary.Rpc.RpcAuthorizeAttribute";
    public const string RpcAllowAnonymous = "Granary.Rpc.RpcAllowAnonymousAttribute";
    public const string Idempotent = "Granary.Rpc.IdempotentAttribute";
    public const string RpcObjective = "Granary.Rpc.RpcObjectiveAttribute";
    public const string Sunset = "Granary.Rpc.SunsetAttribute";
    public const string RpcStream = "Granary.Rpc.RpcStream<T>";
    public const string ImmutableWrapper = "Orleans.Concurrency.Immutable<T>";
    public const string GrainProxy = "Granary.Calls.GrainProxy";
    public const string GenerateCalls = "Granary.Calls.GenerateCallsAttribute";
    public const string Addressable = "Orleans.Runtime.IAddressable";
    public const string Grain = "Orleans.IGrain";
    public const string Observer = "Orleans.IGrainObserver";

    /// <summary>Types in full, with their nullable annotations.</summary>
    public static readonly SymbolDisplayFormat Declared = SymbolDisplayFormat.FullyQualifiedFormat.AddMiscellaneousOptions(
        SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier | SymbolDisplayMiscellaneousOptions.EscapeKeywordIdentifiers);

    /// <summary>Types in full, without annotations: for <c>typeof</c>, and for names that must not change with them.</summary>
    public static readonly SymbolDisplayFormat Plain = SymbolDisplayFormat.FullyQualifiedFormat;

    /// <summary>Types as people read them: with namespace, without <c>global::</c>.</summary>
    private static readonly SymbolDisplayFormat s_readable = SymbolDisplayFormat.FullyQualifiedFormat.WithGlobalNamespaceStyle(SymbolDisplayGlobalNamespaceStyle.Omitted);

    private static readonly SymbolDisplayFormat s_short = SymbolDisplayFormat.MinimallyQualifiedFormat;

    public static string Readable(ITypeSymbol type) => type.ToDisplayString(s_readable);

    public static string Short(ITypeSymbol type) => type.ToDisplayString(s_short);

    /// <summary>The full metadata-like name of a type's definition, for comparing with the constants above.</summary>
    public static string Definition(ITypeSymbol type) => type.OriginalDefinition.ToDisplayString(s_readable);

    /// <summary>The namespace that an assembly's generated types stand in.</summary>
    public static string GeneratedNamespace(string? assembly) => "Granary.Generated." + Identifier(assembly ?? "Program");

    /// <summary>A C# identifier that is different for different names.</summary>
    public static string Identifier(string name)
    {
        var text = new StringBuilder(name.Length + 8);
        var exact = true;
        foreach (var c in name)
        {
            if (c == '.')
            {
                text.Append('_');
            }
            else if (c < 128 && char.IsLetterOrDigit(c))
            {
                text.Append(c);
            }
            else
            {
                text.Append('_');
                exact = false;
            }
        }

        if (text.Length == 0 || char.IsDigit(text[0])) text.Insert(0, '_');
        if (!exact) text.Append('_').Append(StableHash.Of(name).ToString("x8", System.Globalization.CultureInfo.InvariantCulture));
        return text.ToString();
    }

    /// <summary>The JSON name of a property or parameter: a leading run of capitals in lower case, as System.Text.Json does it.</summary>
    public static string CamelCase(string name)
    {
        var chars = name.ToCharArray();
        for (var i = 0; i < chars.Length; i++)
        {
            if (!char.IsUpper(chars[i])) break;
            if (i > 0 && i + 1 < chars.Length && !char.IsUpper(chars[i + 1])) break;
            chars[i] = char.ToLowerInvariant(chars[i]);
        }

        return new string(chars);
    }

    /// <summary><c>user-profiles</c> gives <c>UserProfiles</c>.</summary>
    public static string PascalCase(string name) =>
        string.Concat(name.Split(['-', '.', '_'], StringSplitOptions.RemoveEmptyEntries).Select(p => char.ToUpperInvariant(p[0]) + p.Substring(1)));

    /// <summary>A namespace as protobuf writes packages.</summary>
    public static string Package(INamespaceSymbol? space) =>
        space is null || space.IsGlobalNamespace ? "global" : space.ToDisplayString().Replace("@", string.Empty).ToLowerInvariant();

    /// <summary>An identifier, escaped when it is a keyword.</summary>
    public static string Escape(string identifier) =>
        Microsoft.CodeAnalysis.CSharp.SyntaxFacts.GetKeywordKind(identifier) != Microsoft.CodeAnalysis.CSharp.SyntaxKind.None ? "@" + identifier : identifier;
}

/// <summary>FNV-1a, 32 bits: method ids must be the same in every build.</summary>
internal static class StableHash
{
    public static uint Of(string text)
    {
        var hash = 2166136261u;
        foreach (var b in Encoding.UTF8.GetBytes(text)) hash = unchecked((hash ^ b) * 16777619u);
        return hash;
    }
}
