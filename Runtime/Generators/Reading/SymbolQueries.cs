using Microsoft.CodeAnalysis;

namespace Granary.Generators.Reading;

/// <summary>Questions asked of symbols everywhere.</summary>
internal static class SymbolQueries
{
    public static AttributeData? Find(this ISymbol symbol, string attribute)
    {
        foreach (var data in symbol.GetAttributes())
        {
            if (data.AttributeClass is { } type && Names.Definition(type) == attribute) return data;
        }

        return null;
    }

    public static bool Has(this ISymbol symbol, string attribute) => symbol.Find(attribute) is not null;

    /// <summary>An attribute's first constructor argument, as text.</summary>
    public static string? FirstText(this AttributeData data) => data.ConstructorArguments.Length > 0 ? data.ConstructorArguments[0].Value as string : null;

    public static T? Named<T>(this AttributeData data, string name)
    {
        foreach (var pair in data.NamedArguments)
        {
            if (pair.Key == name && pair.Value.Value is T value) return value;
        }

        return default;
    }

    /// <summary>The number of an <c>[Id]</c> attribute, or -1.</summary>
    public static long IdOf(this ISymbol symbol) =>
        symbol.Find(Names.Id) is { ConstructorArguments: [{ Value: { } value }] } ? Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture) : -1;

    /// <summary>Whether generated code of the same assembly can name the type.</summary>
    public static bool IsVisible(this INamedTypeSymbol type)
    {
        for (var t = type; t is not null; t = t.ContainingType)
        {
            if (t.IsFileLocal || t.DeclaredAccessibility is not (Accessibility.Public or Accessibility.Internal or Accessibility.ProtectedOrInternal)) return false;
        }

        return type.TypeArguments.All(a => a is not INamedTypeSymbol named || named.IsVisible());
    }

    public static bool IsReachable(this ISymbol member) => member.DeclaredAccessibility is Accessibility.Public or Accessibility.Internal or Accessibility.ProtectedOrInternal;

    public static bool IsAddressable(this ITypeSymbol type) => type.TypeKind == TypeKind.Interface && (Names.Definition(type) == Names.Addressable || type.Inherits(Names.Addressable));

    /// <summary>A class of grains: not a hand-written reference, which implements a grain interface too.</summary>
    public static bool IsGrainClass(this ITypeSymbol type)
    {
        for (var b = type.BaseType; b is not null; b = b.BaseType)
        {
            if (Names.Definition(b) == Names.GrainProxy) return false;
        }

        return type.Inherits(Names.Grain);
    }

    public static bool Inherits(this ITypeSymbol type, string interfaceName)
    {
        foreach (var i in type.AllInterfaces)
        {
            if (Names.Definition(i) == interfaceName) return true;
        }

        return false;
    }

    /// <summary>The message of <c>[Obsolete]</c>; empty when it has none; null without the attribute.</summary>
    public static string? Obsolete(this ISymbol symbol) => symbol.Find("System.ObsoleteAttribute") is { } data ? data.FirstText() ?? string.Empty : null;

    /// <summary>Whether the type or an argument of it is a type parameter.</summary>
    public static bool IsOpen(this ITypeSymbol type) => type switch
    {
        ITypeParameterSymbol => true,
        IArrayTypeSymbol array => array.ElementType.IsOpen(),
        INamedTypeSymbol named => named.TypeArguments.Any(IsOpen) || (named.ContainingType?.IsOpen() ?? false),
        _ => false,
    };

    public static Location? Where(this ISymbol symbol) => symbol.Locations.FirstOrDefault(l => l.IsInSource);
}
